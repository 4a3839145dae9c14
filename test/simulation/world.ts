import { createHash } from 'node:crypto';
import { createMemoryCheckpoints, createMemoryEventStore, createSeededIds } from '#adapters/memory';
import { type AccountId, gibibyte, type MinerId, Refusal, type Size, type UnixMs } from '#domain';
import {
  BusUnavailable,
  type Clock,
  ConcurrencyConflict,
  type EventStore,
  type Ids,
  type Position,
  StoreUnavailable,
  type StreamName,
} from '#events';
import { type Accuse, type Checker, createChecker } from './checker.ts';
import { createGate } from './gate.ts';
import { Crashed, type Ground } from './incarnation.ts';
import { createNetwork, type Network } from './network.ts';
import { createOwners, furnish, type Owners } from './owners.ts';
import { calm, type Faults, type Plan, startsAt, stormy, type Violation } from './plan.ts';
import { plantInCheckpoints, plantInStore } from './planted.ts';
import { createRandom, type Random } from './random.ts';
import { createSimMiner, type SimMiner } from './sim-miner.ts';

/** Everything there is in one run, and how far it has come. */
export type World = {
  readonly plan: Plan;
  readonly random: Random;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly ground: Ground;
  readonly network: Network;
  readonly miners: ReadonlyMap<MinerId, SimMiner>;
  readonly owners: Owners;
  readonly checker: Checker;
  readonly streams: ReadonlySet<StreamName>;
  readonly violations: Violation[];
  readonly accuse: Accuse;
  step: number;
  advance(ms: number): void;
  /** From now on nothing fails. */
  becalm(): void;
  /** Opens accounts and enrols miners, without faults. */
  furnish(): Promise<void>;
  /** Shows the checker what the log has got since. */
  catchUp(): Promise<void>;
  /** Starts something that goes on beside the rest; what it fails with is only a violation when nobody expects it. */
  begin(work: Promise<unknown>): void;
  logHash(): string;
  events(): number;
};

export const createWorld = (plan: Plan): World => {
  const random = createRandom(plan.seed);
  const ids = createSeededIds(plan.seed);
  const violations: Violation[] = [];
  const streams = new Set<StreamName>();
  const hash = createHash('sha256');
  let now: UnixMs = startsAt;
  let faults: Faults = calm;
  let position: Position | null = null;
  let events = 0;

  const accuse: Accuse = (invariant, detail) => {
    violations.push({ seed: plan.seed, step: world.step, invariant, detail });
  };
  const clock: Clock = { now: () => now, sleep: async () => undefined };
  const store: EventStore = createMemoryEventStore();
  const gate = createGate(random);
  const network = createNetwork(random, () => faults, clock.now);
  const checker = createChecker(accuse);
  const ground: Ground = {
    store: plantInStore(store, plan.bug, ids, random),
    checkpoints: plantInCheckpoints(createMemoryCheckpoints(store), plan.bug, store, random),
    bus: network.bus,
    ...{ gate, random, faults: () => faults },
  };
  const accounts = Array.from({ length: plan.accounts }, () => ids.uuid() as AccountId);
  const minerIds = Array.from({ length: plan.miners }, () => ids.uuid() as MinerId);
  const miners = new Map<MinerId, SimMiner>();
  for (const minerId of minerIds) {
    const gossip = () => [...miners.values()].filter((other) => other.minerId !== minerId).flatMap(guestsOf);
    const onLaunch: Parameters<typeof createSimMiner>[0]['onLaunch'] = (vmId, { generation }, { bootId }) =>
      checker.launched(minerId, vmId, generation, bootId);
    const onRemove = (vmId: string) => checker.removed(minerId, vmId);
    const host = { capacity: anyCapacity(random), bug: plan.bug, gossip, onLaunch, onRemove };
    const parts = { minerId, network, now: clock.now, random, ...host };
    miners.set(minerId, createSimMiner(parts));
  }

  const world: World = {
    ...{ plan, random, ids, clock, ground, network, miners, checker, streams, violations, accuse },
    owners: createOwners(random, ids, accounts, plan.vmsMax, accuse),
    step: 0,
    advance: (ms) => {
      now += ms;
    },
    becalm: () => {
      faults = calm;
      gate.open();
      network.reconnect();
      for (const miner of miners.values()) miner.calm();
    },
    furnish: async () => {
      await furnish({ store, clock }, ids, accounts, minerIds);
      faults = stormy;
    },
    catchUp: async () => {
      const page = await store.readAll({ after: position });
      position = page.next;
      for (const recorded of page.events) {
        events += 1;
        streams.add(recorded.stream);
        hash.update(recorded.hash);
        checker.see(recorded);
      }
    },
    begin: (work) => {
      work.catch((error: unknown) => {
        if (!isExpected(error))
          accuse('no-unexpected-error', error instanceof Error ? `${error.stack}` : String(error));
      });
    },
    logHash: () => hash.copy().digest('hex'),
    events: () => events,
  };
  return world;
};

const guestsOf = ({ guests }: SimMiner) => [...guests.values()];

const isExpected = (error: unknown): boolean =>
  error instanceof Crashed ||
  error instanceof StoreUnavailable ||
  error instanceof BusUnavailable ||
  error instanceof ConcurrencyConflict ||
  error instanceof Refusal;

/** From a host for one small VM to one for several large ones. */
export const anyCapacity = (random: Random): Size => ({
  vcpus: random.between(1, 8),
  memoryBytes: random.between(1, 16) * gibibyte,
  diskBytes: random.between(5, 100) * gibibyte,
});
