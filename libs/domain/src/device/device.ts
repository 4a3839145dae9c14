import type { Decider } from '../decider.ts';
import { Refusal, unreachable } from '../errors.ts';
import type { MinerId } from '../values/ids.ts';
import { assertText } from '../values/names.ts';
import type { UnixMs } from '../values/time.ts';

// These names and fields are the stored format of `device-<sha256>`. They change only with a new version and an upcaster.

export type DeviceKind = 'chip' | 'tpm';

/** A secure processor (by chip id) or a TPM (by SHA-256 of its endorsement key), hex. */
export type Device = { readonly deviceKind: DeviceKind; readonly deviceId: string };

export type DeviceEvent =
  | ({ readonly type: 'DeviceClaimed'; readonly minerId: MinerId } & Device)
  | ({ readonly type: 'DeviceClaimRefused'; readonly minerId: MinerId; readonly heldBy: MinerId } & Device)
  | { readonly type: 'DeviceReleased'; readonly minerId: MinerId; readonly reason: string }
  | { readonly type: 'DeviceTransferred'; readonly from: MinerId; readonly to: MinerId; readonly reason: string }
  | { readonly type: 'DeviceDisputed'; readonly minerId: MinerId; readonly reason: string }
  | {
      readonly type: 'DeviceDisputeSettled';
      readonly outcome: 'kept' | 'transferred';
      readonly holder: MinerId;
      readonly reason: string;
    };

export type DeviceCommand = { readonly now: UnixMs } & (
  | ({ readonly type: 'ClaimDevice'; readonly minerId: MinerId } & Device)
  | { readonly type: 'ReleaseDevice'; readonly reason: string }
  | { readonly type: 'TransferDevice'; readonly to: MinerId; readonly reason: string }
  | { readonly type: 'DisputeDevice'; readonly minerId: MinerId; readonly reason: string }
  | { readonly type: 'SettleDeviceDispute'; readonly outcome: 'kept' | 'transferred'; readonly reason: string }
);

export type DeviceState =
  | (Device & {
      /** Whose it is; `null` once released. */
      readonly holder: MinerId | null;
      /** How the last dispute ended, so that settling it again decides nothing. */
      readonly settled: { readonly outcome: 'kept' | 'transferred'; readonly reason: string } | null;
      readonly dispute: { readonly minerId: MinerId; readonly reason: string } | null;
      /** Refused since it last changed hands: the same miner's next try is no news. The newest few. */
      readonly refused: readonly MinerId[];
    })
  | null;

const reasonLengthMax = 200;
const refusedMax = 16;

/**
 * The rules of one `device-<sha256>` stream: one secure processor or TPM, and the one miner it counts for. Evidence can be
 * proxied from another machine, so a pairing is a claim that can be disputed, and never proof of who owns the silicon.
 */
export const device: Decider<DeviceState, DeviceCommand, DeviceEvent> = {
  initial: null,
  decide: (state, command) => {
    if (command.type === 'ClaimDevice') return claim(state, command);
    if (state === null) {
      throw new Refusal(
        'device-not-found',
        'no miner has ever shown this device; `hcc device ls` lists those there are',
      );
    }
    if (command.type === 'DisputeDevice') return dispute(state, command);
    assertText('reason', command.reason, 1, reasonLengthMax);
    switch (command.type) {
      case 'ReleaseDevice':
        return state.holder === null ? [] : [{ type: 'DeviceReleased', minerId: state.holder, reason: command.reason }];
      case 'TransferDevice':
        if (state.holder === command.to) return [];
        return [{ type: 'DeviceTransferred', from: held(state), to: command.to, reason: command.reason }];
      case 'SettleDeviceDispute':
        return settle(state, command);
      default:
        return unreachable(command);
    }
  },
  evolve: (state, event) => evolve(state, event),
};

type Command<Type extends DeviceCommand['type']> = Extract<DeviceCommand, { type: Type }>;
type Known = NonNullable<DeviceState>;

const claim = (state: DeviceState, command: Command<'ClaimDevice'>): readonly DeviceEvent[] => {
  const { deviceKind, deviceId, minerId } = command;
  const heldBy = state?.holder ?? null;
  if (heldBy === minerId) return [];
  if (heldBy === null) return [{ type: 'DeviceClaimed', deviceKind, deviceId, minerId }];
  if (state?.refused.includes(minerId) === true) return [];
  return [{ type: 'DeviceClaimRefused', deviceKind, deviceId, minerId, heldBy }];
};

const dispute = (state: Known, { minerId, reason }: Command<'DisputeDevice'>): readonly DeviceEvent[] => {
  assertText('reason', reason, 1, reasonLengthMax);
  if (state.dispute?.minerId === minerId && state.dispute.reason === reason) return [];
  if (held(state) === minerId) {
    throw new Refusal('device-held-by-claimant', `the ${state.deviceKind} counts for miner ${minerId} already`);
  }
  if (state.dispute !== null) {
    throw new Refusal(
      'device-disputed',
      `miner ${state.dispute.minerId} disputes it already (${state.dispute.reason}); that is settled first`,
    );
  }
  return [{ type: 'DeviceDisputed', minerId, reason }];
};

const settle = (state: Known, { outcome, reason }: Command<'SettleDeviceDispute'>): readonly DeviceEvent[] => {
  if (state.dispute === null) {
    if (state.settled?.outcome === outcome && state.settled.reason === reason) return [];
    throw new Refusal(
      'device-not-disputed',
      `nobody disputes whose ${state.deviceKind} this is; there is nothing to settle`,
    );
  }
  const holder = outcome === 'transferred' ? state.dispute.minerId : held(state);
  return [{ type: 'DeviceDisputeSettled', outcome, holder, reason }];
};

const held = ({ holder, deviceKind }: Known): MinerId => {
  if (holder !== null) return holder;
  throw new Refusal('device-not-claimed', `the ${deviceKind} counts for no miner; the next one that shows it has it`);
};

const evolve = (state: DeviceState, event: DeviceEvent): DeviceState => {
  if (event.type === 'DeviceClaimed') {
    const { deviceKind, deviceId, minerId: holder } = event;
    return { deviceKind, deviceId, holder, dispute: null, settled: null, refused: [] };
  }
  if (state === null) return null;
  switch (event.type) {
    case 'DeviceClaimRefused':
      return { ...state, refused: [...state.refused, event.minerId].slice(-refusedMax) };
    case 'DeviceReleased':
      return { ...state, holder: null, dispute: null, settled: null, refused: [] };
    case 'DeviceTransferred':
      return { ...state, holder: event.to, dispute: null, settled: null, refused: [] };
    case 'DeviceDisputed':
      return { ...state, settled: null, dispute: { minerId: event.minerId, reason: event.reason } };
    case 'DeviceDisputeSettled': {
      const { outcome, reason, holder } = event;
      return { ...state, holder, dispute: null, settled: { outcome, reason }, refused: [] };
    }
    default:
      return unreachable(event);
  }
};
