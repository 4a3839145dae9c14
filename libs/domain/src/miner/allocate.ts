import { Refusal } from '../errors.ts';
import { type NoFit, type PlacementCandidate, whyNoFit } from '../placement/placement.ts';
import { firstShortage, formatSize, type Size, sameSize, subtractSize } from '../values/size.ts';
import type { MinerCommand } from './commands.ts';
import { drainedBy } from './drain.ts';
import { isDistrusted } from './eligibility.ts';
import type { MinerEvent } from './events.ts';
import type { Miner } from './state.ts';

type Command<Type extends MinerCommand['type']> = Extract<MinerCommand, { type: Type }>;

/** Why a reservation was refused: a stable, public format, stored in `AllocationRefused`. */
export type AllocationRefusal = NoFit | 'older-generation-held' | 'no-allocation-held';

/**
 * Sets a VM's size aside, or says in an event why not, once per generation. It checks the miner's own stream again,
 * because a placement was chosen over a snapshot.
 *
 * A VM has one allocation. While an older generation holds it, a newer one is refused and not swapped in: the older
 * copy may still run and use its memory and disk on this host, so its size counts until somebody has released it.
 */
export const reserveAllocation = (miner: Miner, command: Command<'ReserveAllocation'>): readonly MinerEvent[] => {
  if (isSettled(miner, command)) return [];
  const held = miner.allocations.get(command.vmId);
  const code = held === undefined ? whyNoFit(placementCandidate(miner), command.size) : 'older-generation-held';
  return answered(command, code, freeSize(miner));
};

/**
 * Swaps a stopped VM's allocation for one of another size and a newer generation, or says in an event why not: then it
 * keeps the one it has. A draining or distrusted miner may do it: the VM is there already, and so is its disk.
 */
export const resizeAllocation = (miner: Miner, command: Command<'ResizeAllocation'>): readonly MinerEvent[] => {
  if (isSettled(miner, command)) return [];
  const held = miner.allocations.get(command.vmId);
  if (held?.generation !== command.from) return answered(command, 'no-allocation-held', freeSize(miner));
  const others = { ...miner, reserved: subtractSize(miner.reserved, held.size) };
  // Not what is shown as free: a miner that declared less than is reserved has less than nothing left.
  const shortage = firstShortage(command.size, subtractSize(others.capacity, others.reserved));
  return answered(command, miner.lost === null ? shortage : 'lost', freeSize(others));
};

type Wanted = Pick<Command<'ReserveAllocation'>, 'vmId' | 'generation' | 'size'>;

const answered = (
  { vmId, generation, size }: Wanted,
  code: AllocationRefusal | null,
  free: Size,
): readonly MinerEvent[] =>
  code === null
    ? [{ type: 'AllocationReserved', vmId, generation, size }]
    : [{ type: 'AllocationRefused', vmId, generation, code, free, wanted: size }];

/** Whether this or a newer generation was answered already. Refuses the same generation with another size. */
const isSettled = (miner: Miner, { vmId, generation, size }: Wanted): boolean => {
  const held = miner.allocations.get(vmId);
  if (held?.generation === generation && !sameSize(held.size, size)) {
    throw new Refusal(
      'allocation-exists-with-other-content',
      `miner ${miner.minerId} holds ${formatSize(held.size)} for generation ${generation} of VM ${vmId}, not ${formatSize(size)}`,
      { vmId, generation },
    );
  }
  return generation <= (held?.generation ?? 0) || generation <= (miner.settled.get(vmId) ?? 0);
};

/** Gives a VM's size back. An allocation that is not there, or is of another generation, decides nothing. */
export const releaseAllocation = (miner: Miner, command: Command<'ReleaseAllocation'>): readonly MinerEvent[] => {
  const { vmId, generation, reason } = command;
  if (miner.allocations.get(vmId)?.generation !== generation) return [];
  return [{ type: 'AllocationReleased', vmId, generation, reason }, ...drainedBy(miner, 1)];
};

/** What placement may know of a miner. */
export const placementCandidate = (miner: Miner): PlacementCandidate => ({
  minerId: miner.minerId,
  attached: miner.attachment !== null,
  lost: miner.lost !== null,
  draining: miner.drain !== null,
  distrusted: isDistrusted(miner),
  capacity: miner.capacity,
  reserved: miner.reserved,
});

/** What is left of the declared capacity; nothing is below zero, though a miner may declare less than is reserved. */
const freeSize = ({ capacity, reserved }: Pick<Miner, 'capacity' | 'reserved'>): Size => {
  const free = subtractSize(capacity, reserved);
  return {
    vcpus: Math.max(0, free.vcpus),
    memoryBytes: Math.max(0, free.memoryBytes),
    diskBytes: Math.max(0, free.diskBytes),
  };
};
