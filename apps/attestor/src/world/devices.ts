import type { DeviceHolder } from '#attestation';
import { type DeviceKind, fold } from '#domain';
import { aggregates, deviceStreamId, type EventStore, readWholeStream, streamName } from '#events';

/** Whose a chip or TPM is now, read from its own stream: a claim of a moment ago counts. */
export const createDevices =
  (store: EventStore) =>
  async (deviceKind: DeviceKind, deviceId: string): Promise<DeviceHolder> => {
    const { decider, codec, category } = aggregates.device;
    const stream = streamName(category, deviceStreamId({ deviceKind, deviceId }));
    const state = fold(decider, (await readWholeStream(store, stream)).map(codec.decode));
    return { deviceId, heldBy: state?.holder ?? null };
  };
