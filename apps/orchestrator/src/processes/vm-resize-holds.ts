import type { AccountId, HoldId, MicroCredits, MinerId, Size, VmId } from '#domain';
import { derivedUuid } from '#events';
import type { KnownEvent } from './process.ts';

export type Pending = {
  readonly minerId: MinerId;
  /** The generation whose allocation is replaced. */
  readonly from: number;
  readonly generation: number;
  readonly size: Size;
  readonly price: MicroCredits;
};

export type Hold = { readonly holdId: HoldId; readonly amount: MicroCredits };

export type Sized = {
  readonly accountId: AccountId;
  /** What an hour costs in the size it has. */
  price: MicroCredits;
  /** What is held, or will be once the command that is on its way is done. */
  hold: Hold | null;
  /** The last resize that was over, and the hold that `hold` took the place of then. */
  settled: { readonly generation: number; readonly replaces: HoldId | null };
  generation: number;
  pending: Pending | null;
};

/** VMs that live, with what is held for each and the resize that is under way. */
export type ResizeState = Map<VmId, Sized>;

/** A dearer size holds its price by now; a cheaper one, and a refused one, hold too much until this. */
export const settle = (vm: Sized, id: VmId, generation: number): void => {
  vm.pending = null;
  // An event may be seen twice; what it replaced is what it found the first time.
  if (vm.settled.generation !== generation) settleHold(vm, id, generation);
};

const settleHold = (vm: Sized, id: VmId, generation: number): void => {
  const replaces = vm.hold === null || vm.hold.amount === vm.price ? null : vm.hold.holdId;
  vm.settled = { generation, replaces };
  if (replaces !== null) vm.hold = { holdId: holdIdOf(id, generation, 'settled'), amount: vm.price };
};

/** What an event of its account changes of what is held for it. */
export const absorbHold = (vms: ResizeState, { event }: Extract<KnownEvent, { category: 'account' }>): void => {
  if (event.type !== 'CreditsHeld' && event.type !== 'HoldReleased') return;
  const vm = vms.get(event.vmId);
  if (vm === undefined) return;
  if (event.type === 'CreditsHeld') {
    vm.hold = { holdId: event.holdId, amount: event.amount };
    if (isLate(vm, event)) settleHold(vm, event.vmId, vm.settled.generation);
  } else if (vm.hold?.holdId === event.holdId) vm.hold = null;
};

/** Whether a resize was over here before what it had held was seen: the account's stream stood still meanwhile. */
export const isLate = (
  { settled, pending }: Sized,
  { vmId, holdId }: { readonly vmId: VmId; readonly holdId: HoldId },
): boolean => pending === null && settled.generation > 0 && holdId === holdIdOf(vmId, settled.generation, 'wanted');

export const holdIdOf = (vmId: VmId, generation: number, why: 'wanted' | 'settled'): HoldId =>
  derivedUuid('hold', vmId, `${generation}`, why) as HoldId;
