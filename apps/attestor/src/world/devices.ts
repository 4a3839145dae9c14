import type { DeviceHolder } from '#attestation';
import type { DeviceKind, DeviceState } from '#domain';
import { aggregates, deviceStreamId, type EventStore, readPageEventsMax, streamName } from '#events';

/** A device's stream as far as it was read. */
export type FoldedDevice = { readonly state: DeviceState; readonly nextRevision: bigint };

export type DevicesParts = {
  readonly store: EventStore;
  /** What the reader of the whole log has of a device, by the id of its stream: what comes after is read here. */
  readonly known: (streamId: string) => FoldedDevice | undefined;
};

/** Whose a chip or TPM is now, up to the end of its own stream: a claim of a moment ago counts. */
export const createDevices =
  ({ store, known }: DevicesParts) =>
  async (deviceKind: DeviceKind, deviceId: string): Promise<DeviceHolder> => {
    const { decider, codec, category } = aggregates.device;
    const streamId = deviceStreamId({ deviceKind, deviceId });
    let { state, nextRevision } = known(streamId) ?? { state: decider.initial, nextRevision: 0n };
    for (let isEnd = false; !isEnd; ) {
      const options = { from: nextRevision, limit: readPageEventsMax };
      const page = await store.readStream(streamName(category, streamId), options);
      for (const recorded of page) state = decider.evolve(state, codec.decode(recorded));
      nextRevision += BigInt(page.length);
      isEnd = page.length < readPageEventsMax;
    }
    return { deviceId, heldBy: state?.holder ?? null };
  };
