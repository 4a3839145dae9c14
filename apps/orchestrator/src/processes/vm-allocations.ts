import type { MinerId, VmEvent, VmId } from '#domain';
import type { ProcessCommand } from './process.ts';

/** Has a miner set the room aside that a restored VM takes: beside the others, or in the place of what it had there. */
export const reserveRestored = (
  vmId: VmId,
  { minerId, generation, replaces, size }: Extract<VmEvent, { readonly type: 'VmRestoreRequested' }>,
): ProcessCommand => {
  const wanted = { vmId, generation, size };
  const command =
    replaces === null
      ? ({ type: 'ReserveAllocation', ...wanted } as const)
      : ({ type: 'ResizeAllocation', ...wanted, from: replaces } as const);
  return { step: 'reserve-restore', target: 'miner', id: minerId, command };
};

/** Tells a restored VM that nobody will set its room aside: there is no such miner. */
export const refuseRestored = (
  vmId: VmId,
  { minerId, generation }: Extract<VmEvent, { readonly type: 'VmRestoreRequested' }>,
): ProcessCommand => ({
  step: 'refuse-restore',
  target: 'vm',
  id: vmId,
  command: { type: 'RejectPlacement', minerId, generation, code: 'no-such-miner' },
});

/** Gives a miner its room back, with the reason. */
export const release = (vmId: VmId, minerId: MinerId, generation: number, reason: string): ProcessCommand => ({
  step: 'release-allocation',
  target: 'miner',
  id: minerId,
  command: { type: 'ReleaseAllocation', vmId, generation, reason },
});
