import { formatCredits, formatSize, type HoldId, type VmId } from '#domain';
import { bootIdOf, commandIdOf, streamName } from '#events';
import type { KnownEvent, Process, ProcessCommand } from './process.ts';
import {
  absorbHold,
  type Hold,
  holdIdOf,
  isLate,
  type Pending,
  type ResizeState,
  type Sized,
  settle,
} from './vm-resize-holds.ts';

const name = 'vm-resize';

/**
 * Money first, then room: the account holds the dearer hour, the miner's stream sets the new size aside, and only then
 * does the VM have it (`vm-placement` confirms, as for any reservation). Whatever says no, the VM keeps its size, and
 * the hold goes back to what its size costs; that always succeeds, because it is never more than is held.
 */
export const vmResize: Process<ResizeState> = {
  name,
  initial: () => new Map(),
  absorb: (vms, known) => {
    if (known.category === 'vm') absorbVm(vms, known);
    if (known.category === 'account') absorbHold(vms, known);
  },
  react: (vms, known) => {
    if (known.category === 'vm') return reactToVm(vms, known);
    if (known.category === 'account') return reactToAccount(vms, known);
    if (known.category === 'miner') return reactToMiner(vms, known);
    return [];
  },
  over: (vms, { category, id, event }) => {
    if (!goesByAnother.has(event.type)) return [];
    if (category !== 'vm') return 'vmId' in event ? [streamName('vm', event.vmId)] : [];
    const accountId = vms.get(id)?.accountId;
    return accountId === undefined ? [] : [streamName('account', accountId)];
  },
};

/** What is held for a VM is on its account's stream, and what it waits for on its own: each is decided over the other. */
const goesByAnother: ReadonlySet<KnownEvent['event']['type']> = new Set([
  ...(['VmResizeRequested', 'VmResized', 'VmResizeRefused'] as const),
  ...(['CreditsHeld', 'HoldRefused', 'AllocationRefused'] as const),
]);

type OfVm = Extract<KnownEvent, { category: 'vm' }>;
type OfAccount = Extract<KnownEvent, { category: 'account' }>;
type OfMiner = Extract<KnownEvent, { category: 'miner' }>;

const absorbVm = (vms: ResizeState, { id, event }: OfVm): void => {
  if (event.type === 'VmRequested') {
    const { accountId, firstHold } = event;
    vms.set(id, {
      accountId,
      price: firstHold,
      hold: null,
      settled: { generation: 0, replaces: null },
      generation: 0,
      pending: null,
    });
    return;
  }
  const vm = vms.get(id);
  if (vm === undefined) return;
  switch (event.type) {
    case 'VmPlaced':
      vm.generation = event.generation;
      return;
    case 'VmResizeRequested': {
      const { minerId, generation, size, pricePerHour: price } = event;
      vm.pending = { minerId, from: vm.generation, generation, size, price };
      return;
    }
    case 'VmResized':
      vm.price = vm.pending?.price ?? vm.price;
      vm.generation = event.generation;
      settle(vm, id, event.generation);
      return;
    case 'VmResizeRefused':
      settle(vm, id, event.generation);
      return;
    case 'VmRefused':
    case 'VmTerminated':
      vms.delete(id);
      return;
    default:
      return;
  }
};

const reactToVm = (vms: ResizeState, { id, event }: OfVm): readonly ProcessCommand[] => {
  const vm = vms.get(id);
  if (vm === undefined) return [];
  switch (event.type) {
    case 'VmResizeRequested': {
      const { pending, hold } = vm;
      if (pending === null) return [];
      const isDearer = hold !== null && pending.price > hold.amount;
      return isDearer
        ? [replace(vm, id, hold.holdId, { holdId: holdIdOf(id, pending.generation, 'wanted'), amount: pending.price })]
        : [reserve(id, pending)];
    }
    case 'VmResized':
    case 'VmResizeRefused':
      return vm.settled.replaces === null || vm.hold === null ? [] : [replace(vm, id, vm.settled.replaces, vm.hold)];
    default:
      return [];
  }
};

const replace = ({ accountId }: Sized, vmId: VmId, replaces: HoldId, by: Hold): ProcessCommand => ({
  step: 'replace-hold',
  target: 'account',
  id: accountId,
  command: { type: 'ReplaceHold', replaces, vmId, ...by },
});

const reserve = (vmId: VmId, { minerId, from, generation, size }: Pending): ProcessCommand => ({
  step: 'resize-allocation',
  target: 'miner',
  id: minerId,
  command: { type: 'ResizeAllocation', vmId, from, generation, size },
});

const reactToAccount = (vms: ResizeState, { event, recorded }: OfAccount): readonly ProcessCommand[] => {
  if (event.type !== 'CreditsHeld' && event.type !== 'HoldRefused') return [];
  const vm = vms.get(event.vmId);
  if (vm === undefined) return [];
  const { pending, settled, hold } = vm;
  if (settled.replaces === event.holdId && hold !== null && isLate(vm, event)) {
    return [replace(vm, event.vmId, event.holdId, hold)];
  }
  if (pending === null || event.holdId !== holdIdOf(event.vmId, pending.generation, 'wanted')) return [];
  if (event.type === 'CreditsHeld') return [reserve(event.vmId, pending)];
  const detail = `an hour costs ${formatCredits(event.required)} in that size, and ${formatCredits(event.available)} are available for it`;
  return [refuse(event.vmId, pending.generation, 'insufficient-credits', detail, recorded.eventId)];
};

const reactToMiner = (vms: ResizeState, { id, event, recorded }: OfMiner): readonly ProcessCommand[] => {
  if (event.type !== 'AllocationRefused') return [];
  const { vmId, generation, code, free, wanted } = event;
  if (vms.get(vmId)?.pending?.generation !== generation) return [];
  const detail = `its miner ${id} cannot set ${formatSize(wanted)} aside (${code}); with what the VM has there are ${formatSize(free)}`;
  return [refuse(vmId, generation, code, detail, recorded.eventId)];
};

const refuse = (vmId: VmId, generation: number, code: string, detail: string, eventId: string): ProcessCommand => {
  const nextBootId = bootIdOf(commandIdOf(name, eventId, 'refuse-resize'));
  const command = { type: 'RefuseResize', generation, code, detail, nextBootId } as const;
  return { step: 'refuse-resize', target: 'vm', id: vmId, command };
};
