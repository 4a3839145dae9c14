import {
  type Account,
  type AccountEvent,
  type AccountId,
  account,
  type BootId,
  type Miner,
  type MinerEvent,
  type MinerId,
  miner,
  type Vm,
  type VmEvent,
  type VmId,
  vm,
} from '#domain';
import type { RecordedEvent } from '#events';
import { decodeKnown } from '../../apps/orchestrator/src/processes/runner.ts';

/** Tells of something that must never be. */
export type Accuse = (invariant: string, detail: string) => void;

/** Folds the log as it grows and holds every event against what must always be true. */
export type Checker = {
  see(recorded: RecordedEvent): void;
  /** A host starts a boot, or takes a VM's disk away: things that cannot be undone. */
  launched(minerId: MinerId, vmId: string, generation: number, bootId: BootId): void;
  removed(minerId: MinerId, vmId: string): void;
  readonly vms: ReadonlyMap<VmId, Vm>;
  readonly accounts: ReadonlyMap<AccountId, Account>;
  readonly miners: ReadonlyMap<MinerId, Miner>;
};

export const createChecker = (accuse: Accuse): Checker => {
  const vms = new Map<VmId, Vm>();
  const accounts = new Map<AccountId, Account>();
  const miners = new Map<MinerId, Miner>();
  const boots = new Map<BootId, { readonly vmId: VmId; readonly generation: number }>();
  const launches = new Set<BootId>();
  const raised = new Set<string>();
  const heldFor = new Set<VmId>();

  const seeVm = (id: VmId, event: VmEvent, recorded: RecordedEvent): void => {
    const before = vms.get(id) ?? null;
    const after = vm.evolve(before, event);
    if (after === null) {
      accuse('vm-stream-begins', `${id} begins with ${event.type}`);
      return;
    }
    vms.set(id, after);
    if (before !== null && after.generation < before.generation) {
      accuse('generation-rises', `${id} fell from generation ${before.generation} to ${after.generation}`);
    }
    if (event.type === 'VmPlaced') seePlaced(id, before, event);
    if (event.type === 'BootAuthorized') {
      if (boots.has(event.bootId)) accuse('boot-id-once', `boot ${event.bootId} was authorised twice`);
      if (event.bootEpoch <= (before?.boot?.bootEpoch ?? 0)) accuse('boot-epoch-rises', `${id}: ${event.bootEpoch}`);
      boots.set(event.bootId, { vmId: id, generation: event.generation });
    }
    if (event.type === 'VmTerminated' && before?.desired !== 'absent') {
      accuse('nothing-destroyed-unasked', `${id} was terminated while it was to be ${before?.desired}`);
    }
    if (event.type === 'VmDeadlinePassed') {
      const once = `${id} ${event.waitingFor} ${event.deadlineAt}`;
      if (raised.has(once)) accuse('deadline-once', `${once} was raised twice`);
      if (Date.parse(recorded.recordedAt) < event.deadlineAt) accuse('deadline-not-early', once);
      raised.add(once);
    }
  };

  const seePlaced = (id: VmId, before: Vm | null, event: Extract<VmEvent, { type: 'VmPlaced' }>): void => {
    const { minerId, generation } = event;
    if (generation <= (before?.placement?.generation ?? 0)) {
      accuse('one-holder-per-generation', `${id} generation ${generation} was placed twice`);
    }
    if (miners.get(minerId)?.allocations.get(id)?.generation !== generation) {
      accuse('placed-only-when-reserved', `${id} generation ${generation} is not reserved on ${minerId}`);
    }
  };

  const seeAccount = (id: AccountId, event: AccountEvent): void => {
    const after = account.evolve(accounts.get(id) ?? null, event);
    if (after === null) {
      accuse('account-stream-begins', `${id} begins with ${event.type}`);
      return;
    }
    accounts.set(id, after);
    if (event.type === 'CreditsHeld') {
      if (heldFor.has(event.vmId)) accuse('one-hold-per-vm', `${event.vmId} got a second hold ${event.holdId}`);
      heldFor.add(event.vmId);
    }
    const held = [...after.holds.values()].reduce((sum, hold) => sum + hold.held, 0n);
    if (after.available < 0n || held !== after.held || after.available + after.held !== after.deposited) {
      accuse('credits-conserve', `${id}: ${after.available} + ${after.held} of ${after.deposited}, open holds ${held}`);
    }
    for (const [holdId, hold] of [...after.holds, ...after.closedHolds]) {
      if (hold.held + hold.released !== hold.firstHeld) accuse('credits-conserve', `hold ${holdId} does not add up`);
    }
  };

  const seeMiner = (id: MinerId, event: MinerEvent): void => {
    const after = miner.evolve(miners.get(id) ?? null, event);
    if (after === null) {
      accuse('miner-stream-begins', `${id} begins with ${event.type}`);
      return;
    }
    miners.set(id, after);
    if (event.type !== 'AllocationReserved') return;
    const { capacity, reserved } = after;
    const isOver = (['vcpus', 'memoryBytes', 'diskBytes'] as const).some((part) => reserved[part] > capacity[part]);
    if (isOver) accuse('capacity', `${id} has ${JSON.stringify(reserved)} reserved of ${JSON.stringify(capacity)}`);
  };

  return {
    vms,
    accounts,
    miners,
    see: (recorded) => {
      const known = decodeKnown(recorded);
      if (known.category === 'vm') seeVm(known.id, known.event, recorded);
      if (known.category === 'account') seeAccount(known.id, known.event);
      if (known.category === 'miner') seeMiner(known.id, known.event);
      if (known.category === 'parked' && known.event.type === 'EventParked') {
        accuse('nothing-parked', `${known.id} parked ${known.event.eventType}: ${known.event.reason}`);
      }
    },
    launched: (minerId, vmId, generation, bootId) => {
      if (launches.has(bootId)) accuse('boot-launched-once', `boot ${bootId} of ${vmId} was launched again`);
      launches.add(bootId);
      const boot = boots.get(bootId);
      if (boot?.vmId !== vmId || boot.generation !== generation) {
        accuse('boot-authorised', `${minerId} launched boot ${bootId} of ${vmId}, which nobody authorised`);
      }
    },
    removed: (minerId, vmId) => {
      const { desired = 'unknown' } = vms.get(vmId as VmId) ?? {};
      if (desired !== 'absent') accuse('nothing-destroyed-unasked', `${minerId} removed ${vmId}, which is ${desired}`);
    },
  };
};
