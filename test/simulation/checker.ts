import {
  type Account,
  type AccountId,
  type BootId,
  type Miner,
  type MinerId,
  miner,
  type Vm,
  type VmId,
} from '#domain';
import { aggregates, categoryOf, genesisHash, idOf, type RecordedEvent, type StreamName } from '#events';
import { createAccountCheck, mayLetGo } from './account-check.ts';
import { createSealedCheck } from './sealed/sealed-check.ts';
import type { Witness } from './sealed/witness.ts';
import { createVmCheck } from './vm-check.ts';

/** Tells of something that must never be. */
export type Accuse = (invariant: string, detail: string) => void;

/** Folds the log as it grows and holds every event against what must always be true. */
export type Checker = {
  see(recorded: RecordedEvent): void;
  /** Everything recorded so far was seen: what hosts did meanwhile is held against it. */
  settle(): void;
  /** A host starts a boot, or takes a VM's disk away: things that cannot be undone. */
  launched(minerId: MinerId, vmId: string, generation: number, bootId: BootId): void;
  removed(minerId: MinerId, vmId: string, generation: number): void;
  /** What guests, attestors and the vault did. */
  readonly witness: Witness;
  readonly vms: ReadonlyMap<VmId, Vm>;
  readonly accounts: ReadonlyMap<AccountId, Account>;
  readonly miners: ReadonlyMap<MinerId, Miner>;
  readonly streams: ReadonlyMap<StreamName, number>;
  /** What stands parked. */
  parked(): readonly Parked[];
};

type Parked = { readonly consumer: string; readonly eventId: string };

// The rules as they are before a mistake is planted in them.
const { evolve } = miner;

export const createChecker = (accuse: Accuse): Checker => {
  const miners = new Map<MinerId, Miner>();
  const streams = new Map<StreamName, number>();
  const hashes = new Map<StreamName, string>();
  const eventIds = new Set<string>();
  const parked = new Map<string, Parked>();
  const ofSealed = createSealedCheck(accuse);
  const ofVms = createVmCheck(miners, accuse, ofSealed.seeVm);
  const ofAccounts = createAccountCheck(ofVms.vms, accuse);

  const seeEnvelope = ({ stream, revision, eventId, prevHash, hash }: RecordedEvent): void => {
    const count = streams.get(stream) ?? 0;
    if (revision !== BigInt(count)) accuse('streams-have-no-gaps', `${stream} goes from ${count - 1} to ${revision}`);
    if (prevHash !== (hashes.get(stream) ?? genesisHash)) accuse('hash-chain', `${stream}@${revision} links elsewhere`);
    if (eventIds.has(eventId)) accuse('a-command-decides-once', `${eventId} on ${stream} is recorded twice`);
    streams.set(stream, count + 1);
    hashes.set(stream, hash);
    eventIds.add(eventId);
  };

  const seeParked = (consumer: string, recorded: RecordedEvent): void => {
    const event = aggregates.parked.codec.decode(recorded);
    if (!('eventId' in event)) return;
    const { type, eventId } = event;
    if (type === 'EventParked') parked.set(`${consumer} ${eventId}`, { consumer, eventId });
    if (type === 'ParkedEventHandled' || type === 'ParkedEventSkipped') parked.delete(`${consumer} ${eventId}`);
  };

  const seeMiner = (id: MinerId, recorded: RecordedEvent): void => {
    const event = aggregates.miner.codec.decode(recorded);
    const before = miners.get(id) ?? null;
    const after = evolve(before, event);
    if (after === null) {
      accuse('miner-stream-begins', `${id} begins with ${event.type}`);
      return;
    }
    miners.set(id, after);
    if (event.type === 'AllocationReleased') {
      const vm = ofVms.vms.get(event.vmId);
      const isHeld = vm?.placement?.minerId === id && vm.placement.generation === event.generation;
      if (isHeld && !mayLetGo(vm))
        accuse('allocation-behind-vm', `${id} let ${event.vmId} go, which is ${vm.observed}`);
    }
    if (event.type !== 'AllocationReserved') return;
    const { capacity, reserved } = after;
    const isAbove = (['vcpus', 'memoryBytes', 'diskBytes'] as const).some((part) => reserved[part] > capacity[part]);
    const isNew = before?.allocations.has(event.vmId) !== true;
    if (isNew && before?.trust?.tier === 'contraindicated') {
      accuse('distrusted-gets-nothing', `${id} is distrusted and was given ${event.vmId}`);
    }
    if (isAbove) accuse('capacity', `${id} has ${JSON.stringify(reserved)} reserved of ${JSON.stringify(capacity)}`);
  };

  return {
    ...{ miners, streams, vms: ofVms.vms, accounts: ofAccounts.accounts },
    parked: () => [...parked.values()],
    witness: ofSealed.witness,
    settle: () => {
      ofVms.settle();
      ofSealed.settle(ofVms.vms);
    },
    launched: ofVms.launched,
    removed: ofVms.removed,
    see: (recorded) => {
      seeEnvelope(recorded);
      const id = idOf(recorded.stream);
      switch (categoryOf(recorded.stream)) {
        case 'vm':
          return ofVms.see(id as VmId, recorded);
        case 'account':
          return ofAccounts.see(id as AccountId, recorded);
        case 'parked':
          return seeParked(id, recorded);
        case 'appraisal':
          return ofSealed.seeAppraisal(recorded);
        case 'miner':
          return seeMiner(id as MinerId, recorded);
        default:
          return;
      }
    },
  };
};
