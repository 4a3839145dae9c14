import type { DeviceHolder } from '#attestation';
import { type DeviceEvent, type DeviceKind, type DeviceState, device } from '#domain';
import { aggregates, deviceStreamId } from '#events';
import type { Api } from '../../client/api.ts';
import { recordedEvents } from '../../client/recorded.ts';

type Changes = readonly { readonly at: number; readonly event: DeviceEvent }[];

/** Whose a chip or TPM was at a time, from its own stream, which is read once. */
export const createHolders = (api: Api) => {
  const known = new Map<string, Changes>();
  const changesOf = async (id: string): Promise<Changes> => {
    const before = known.get(id);
    if (before !== undefined) return before;
    const changes = [];
    for await (const recorded of recordedEvents(api, `device-${id}`)) {
      changes.push({ at: Date.parse(recorded.recordedAt), event: aggregates.device.codec.decode(recorded) });
    }
    known.set(id, changes);
    return changes;
  };
  return async (deviceKind: DeviceKind, deviceId: string, at: number): Promise<DeviceHolder> => {
    const changes = await changesOf(deviceStreamId({ deviceKind, deviceId }));
    const state = changes
      .filter((change) => change.at < at)
      .reduce<DeviceState>((before, { event }) => device.evolve(before, event), null);
    return { deviceId, heldBy: state?.holder ?? null };
  };
};
