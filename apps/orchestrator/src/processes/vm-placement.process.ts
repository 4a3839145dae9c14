import {
  type Miner,
  type MinerId,
  type PlacementCandidate,
  place,
  placementCandidate,
  type Size,
  type VmId,
} from '#domain';
import { bootIdOf, commandIdOf } from '#events';
import { liveMiner } from './live-miner.ts';
import type { KnownEvent, Process, ProcessCommand } from './process.ts';
import { refuseRestored, release, reserveRestored } from './vm-allocations.ts';

type Wanting = {
  readonly size: Size;
  waiting: boolean;
  /** Only its allocation is left of it. */
  terminated: boolean;
  /** Miners whose own stream refused this VM after the snapshot said it fits; asked again once something of theirs changed. */
  readonly refusedBy: Set<MinerId>;
  /** The reasons last told, so that they are told once. */
  told: string | null;
  allocation: { readonly minerId: MinerId; readonly generation: number } | null;
};

export type PlacementState = { readonly miners: Map<MinerId, Miner>; readonly vms: Map<VmId, Wanting> };

const name = 'vm-placement';

/** After these a miner may take what it did not take before, so that whoever waits is tried again. */
const mayFitAgain: ReadonlySet<OfMiner['event']['type']> = new Set([
  ...(['MinerAttached', 'CapacityDeclared', 'MinerReturned', 'MinerUndrained'] as const),
  ...(['MinerTrustChanged', 'AllocationReleased'] as const),
]);

/**
 * The choice is an event before it is an action: propose on the VM's stream, reserve on the miner's, which checks again,
 * then confirm or reject on the VM's. A VM nobody can take is tried again when a miner changes.
 */
export const vmPlacement: Process<PlacementState> = {
  name,
  initial: () => ({ miners: new Map(), vms: new Map() }),
  absorb: (state, known) => {
    if (known.category === 'vm') absorbVm(state, known);
    if (known.category === 'miner') absorbMiner(state, known);
  },
  react: (state, known) => {
    if (known.category === 'vm') return reactToVm(state, known);
    if (known.category === 'miner') return reactToMiner(state, known);
    return [];
  },
};

type OfVm = Extract<KnownEvent, { category: 'vm' }>;
type OfMiner = Extract<KnownEvent, { category: 'miner' }>;

const absorbVm = (state: PlacementState, { id, event }: OfVm): void => {
  if (event.type === 'VmRequested') {
    const fresh = { waiting: false, terminated: false, refusedBy: new Set<MinerId>(), told: null, allocation: null };
    state.vms.set(id, { size: event.size, ...fresh });
    return;
  }
  const vm = state.vms.get(id);
  if (vm === undefined) return;
  switch (event.type) {
    case 'VmAdmitted':
    case 'VmPlacementRejected':
      vm.waiting = true;
      return;
    case 'VmPlacementProposed':
      vm.waiting = false;
      return;
    case 'VmPlacementFailed':
      vm.told = counts(event.reasons);
      return;
    case 'VmPlaced':
      vm.told = null;
      vm.refusedBy.clear();
      return;
    case 'VmRefused':
      state.vms.delete(id);
      return;
    case 'VmTerminated':
      vm.waiting = false;
      vm.terminated = true;
      // With an allocation it stays until that is released; one that is on its way is declined by the VM's stream.
      if (vm.allocation === null) state.vms.delete(id);
      return;
    default:
      return;
  }
};

const absorbMiner = (state: PlacementState, { id, event }: OfMiner): void => {
  const known = liveMiner(state.miners.get(id) ?? null, event);
  if (known !== null) state.miners.set(id, known);
  switch (event.type) {
    case 'AllocationReserved': {
      const vm = state.vms.get(event.vmId);
      if (vm !== undefined) vm.allocation = { minerId: id, generation: event.generation };
      return;
    }
    case 'AllocationRefused':
      state.vms.get(event.vmId)?.refusedBy.add(id);
      return;
    case 'AllocationReleased': {
      const vm = state.vms.get(event.vmId);
      if (vm?.allocation?.minerId === id && vm.allocation.generation === event.generation) vm.allocation = null;
      if (vm?.terminated && vm.allocation === null) state.vms.delete(event.vmId);
    }
  }
  if (mayFitAgain.has(event.type)) forgive(state, id);
};

const forgive = (state: PlacementState, minerId: MinerId): void => {
  for (const vm of state.vms.values()) vm.refusedBy.delete(minerId);
};

const reactToVm = (state: PlacementState, { id, event, recorded }: OfVm): readonly ProcessCommand[] => {
  switch (event.type) {
    case 'VmAdmitted':
    case 'VmPlacementRejected':
      return tryPlacing(state, id, recorded.position);
    case 'VmPlacementProposed': {
      const vm = state.vms.get(id);
      if (vm === undefined) return [];
      const { minerId, generation } = event;
      const command = { type: 'ReserveAllocation', vmId: id, generation, size: vm.size } as const;
      return [{ step: 'reserve', target: 'miner', id: minerId, command }];
    }
    case 'VmRestoreRequested':
      // The door refuses such a name; whatever was recorded without it must not wait for nobody.
      return [state.miners.has(event.minerId) ? reserveRestored(id, event) : refuseRestored(id, event)];
    // Only now is its memory and disk free again: until it said so, an older copy may have run there.
    case 'VmCopyRemoved':
      return [release(id, event.minerId, event.generation, 'restored-elsewhere')];
    case 'VmPlacementDeclined':
      return [release(id, event.minerId, event.generation, event.code)];
    case 'VmTerminated': {
      const allocation = state.vms.get(id)?.allocation ?? null;
      return allocation === null ? [] : [release(id, allocation.minerId, allocation.generation, 'vm-terminated')];
    }
    default:
      return [];
  }
};

const reactToMiner = (state: PlacementState, { id, event, recorded }: OfMiner): readonly ProcessCommand[] => {
  switch (event.type) {
    case 'AllocationReserved': {
      const { vmId, generation } = event;
      const nextBootId = bootIdOf(commandIdOf(name, recorded.eventId, 'confirm'));
      const command = { type: 'ConfirmPlacement', minerId: id, generation, nextBootId } as const;
      return [{ step: 'confirm', target: 'vm', id: vmId, command }];
    }
    case 'AllocationRefused': {
      const { vmId, generation, code } = event;
      const command = { type: 'RejectPlacement', minerId: id, generation, code } as const;
      return [{ step: 'reject', target: 'vm', id: vmId, command }];
    }
    default: {
      if (!mayFitAgain.has(event.type)) return [];
      const waiting = [...state.vms].filter(([, vm]) => vm.waiting);
      return waiting.flatMap(([vmId]) => tryPlacing(state, vmId, recorded.position));
    }
  }
};

const tryPlacing = (state: PlacementState, vmId: VmId, snapshotPosition: string): readonly ProcessCommand[] => {
  const vm = state.vms.get(vmId);
  if (vm === undefined || !vm.waiting) return [];
  const decision = place({ vmId, size: vm.size }, candidates(state, vm.refusedBy));
  if (decision.fit) {
    const command = { type: 'ProposePlacement', minerId: decision.minerId, snapshotPosition } as const;
    return [{ step: `propose:${vmId}`, target: 'vm', id: vmId, command }];
  }
  const reasons =
    vm.refusedBy.size === 0 ? decision.reasons : { ...decision.reasons, 'reservation-refused': vm.refusedBy.size };
  if (counts(reasons) === vm.told) return [];
  const command = { type: 'FailPlacement', reasons, snapshotPosition } as const;
  return [{ step: `fail:${vmId}`, target: 'vm', id: vmId, command }];
};

const candidates = (state: PlacementState, without: ReadonlySet<MinerId>): readonly PlacementCandidate[] =>
  [...state.miners.values()].filter(({ minerId }) => !without.has(minerId)).map(placementCandidate);

const counts = (reasons: Readonly<Record<string, number>>): string =>
  Object.entries(reasons)
    .map(([code, count]) => `${code}=${count}`)
    .sort()
    .join(' ');
