import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createMemoryBus,
  createMemoryCheckpoints,
  createMemoryEventStore,
  createMemoryLeases,
  createSeededIds,
} from '#adapters/memory';
import { type AccountId, gibibyte, type MinerId, type Size } from '#domain';
import { type Clock, categoryOf, type EventStore, type Ids, type Position } from '#events';
import { type Accuse, type Checker, createChecker } from './checker.ts';
import { createFaults } from './faults.ts';
import { furnish, furnishSealed } from './furnish.ts';
import { createGate } from './gate.ts';
import { createBackupStore, type SimBackupStore } from './moving/backup-store.ts';
import { createOwners, type Owners } from './owners.ts';
import { type Plan, startsAt, type Violation } from './plan.ts';
import { plantInCheckpoints, plantInStore } from './planted.ts';
import type { Ground } from './process.ts';
import { createSteppedRandom, type Random, type SteppedRandom } from './random.ts';
import { createReplica, type Replica } from './replica.ts';
import { createSimAttestor, type SimAttestor } from './sealed/attestor.ts';
import { watchedVault } from './sealed/watched-vault.ts';
import { createSimMiner, type SimMiner } from './sim-miner.ts';
import { createVirtualTime, type VirtualTime } from './virtual-time.ts';
import { createWishes, isOfShare, type People } from './wishes.ts';

/** Everything there is in one run, and how far it has come. */
export type World = {
  readonly plan: Plan;
  readonly random: SteppedRandom;
  readonly ids: Ids;
  readonly time: VirtualTime;
  readonly clock: Clock;
  readonly ground: Ground;
  readonly replicas: readonly Replica[];
  readonly miners: ReadonlyMap<MinerId, SimMiner>;
  readonly attestor: SimAttestor;
  /** Where miners keep copies of volumes. */
  readonly backups: SimBackupStore;
  readonly owners: Owners;
  readonly checker: Checker;
  readonly violations: Violation[];
  readonly accuse: Accuse;
  /** Where read models are kept for the length of the run. */
  readonly dir: string;
  /** Tells what happens, for somebody who watches. */
  readonly tell: (text: string) => void;
  step: number;
  /** The bus lost what it had, and was filled again: what came later may stand before it. */
  wasWiped: boolean;
  /** The next step: its draws depend on its number only. */
  enter(step: number): void;
  /** What was recorded, past every planted bug. */
  readonly record: EventStore;
  /** Opens accounts and enrols miners, without faults. */
  furnish(): Promise<void>;
  /** Shows the checker what the log has got since. */
  catchUp(): Promise<void>;
  logHash(): string;
  events(): number;
  /** Those of them that change something. A guest that waits for its owner attests every minute, and waits on. */
  moves(): number;
};

/** Read models are real files. Where a machine has a file system in memory, a simulated commit waits for no disk. */
const memoryDir = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export const createWorld = (plan: Plan, tell: (text: string) => void): World => {
  const random = createSteppedRandom(plan.seed);
  const ids = createSeededIds(plan.seed);
  const time = createVirtualTime(startsAt);
  const { clock } = time;
  const violations: Violation[] = [];
  const hash = createHash('sha256');
  let position: Position | null = null;
  let [events, moves] = [0, 0];

  const accuse: Accuse = (invariant, detail) => {
    violations.push({ seed: plan.seed, step: world.step, invariant, detail });
  };
  const checker = createChecker(accuse);
  const recorded = createMemoryEventStore({ storeId: `simulated-${plan.seed}` });
  const faults = createFaults(plan, random);
  const vault = watchedVault(plan.seed, checker.witness);
  const soil = { store: recorded, vault, ids, random };
  const ground: Ground = {
    store: plantInStore(soil, plan.bug),
    checkpoints: plantInCheckpoints(createMemoryCheckpoints(recorded), soil, plan.bug),
    specsAreFoldedEarly: plan.bug === 'spec-is-folded-early',
    leases: createMemoryLeases(clock),
    bus: createMemoryBus({ clock, faults: faults.bus }),
    vault,
    ...{ gate: createGate(random, plan.laggard), faults, random },
  };
  const dir = mkdtempSync(join(memoryDir, 'hcc-sim-'));
  const accounts = Array.from({ length: plan.accounts }, () => ids.uuid() as AccountId);
  const minerIds = Array.from({ length: plan.miners }, () => ids.uuid() as MinerId);
  const attestor = createSimAttestor({ ground, time, witness: checker.witness });
  const backups = createBackupStore();
  const miners = settleMiners(plan, minerIds, { ground, time, clock, checker, random, attestor, backups });

  const world: World = {
    ...{ plan, random, ids, time, clock, ground, miners, attestor, backups, checker, violations, accuse, dir, tell },
    replicas: createReplicas(plan, { ground, time, ids, dir, tell }),
    owners: createOwners(random, createWishes(random, ids, peopleOf(plan, accounts, minerIds, checker)), accuse),
    ...{ step: 0, wasWiped: false },
    enter: (step) => {
      world.step = step;
      random.enter(step);
    },
    record: recorded,
    furnish: async () => {
      await furnish({ store: recorded, clock }, ids, accounts, minerIds);
      if (plan.sealedPercent > 0) await furnishSealed({ store: recorded, clock }, ids);
    },
    catchUp: async () => {
      const page = await recorded.readAll({ after: position });
      position = page.next;
      for (const event of page.events) {
        events += 1;
        if (categoryOf(event.stream) !== 'appraisal') moves += 1;
        hash.update(event.hash);
        tell(`  ${event.stream}@${event.revision} ${event.type} by ${event.actor} ${JSON.stringify(event.data)}`);
        checker.see(event);
      }
      checker.settle();
    },
    logHash: () => hash.copy().digest('hex'),
    events: () => events,
    moves: () => moves,
  };
  return world;
};

const peopleOf = (
  { vmsMax, sealedPercent, movingPercent }: Plan,
  accounts: readonly AccountId[],
  miners: readonly MinerId[],
  { vms }: Pick<Checker, 'vms'>,
): People => ({ accounts, miners, vmsMax, sealedPercent, movingPercent, vm: (id) => vms.get(id) });

const createReplicas = (
  plan: Plan,
  { ground, time, ids, dir, tell }: Pick<World, 'ground' | 'time' | 'ids' | 'dir' | 'tell'>,
): readonly Replica[] =>
  Array.from({ length: plan.replicas }, (_, index) => {
    const name = `orchestrator-${index + 1}`;
    const at = join(dir, name);
    mkdirSync(at);
    const log = (text: string): void => tell(`${name}: ${text}`);
    return createReplica({
      ...{ name, ground, time, ids, dir: at, log },
      timersAreDropped: plan.bug === 'timers-are-dropped',
    });
  });

type MinerGround = Pick<World, 'ground' | 'time' | 'clock' | 'checker' | 'attestor' | 'backups'> & {
  readonly random: Random;
};

const settleMiners = (
  plan: Plan,
  minerIds: readonly MinerId[],
  { ground, time, clock, checker, random, attestor, backups }: MinerGround,
): ReadonlyMap<MinerId, SimMiner> => {
  const miners = new Map<MinerId, SimMiner>();
  const { witness } = checker;
  const others = (minerId: MinerId) => [...miners.values()].filter((other) => other.minerId !== minerId);
  for (const minerId of minerIds) {
    const miner = createSimMiner({
      ...{ minerId, bus: ground.bus, now: clock.now, random, bug: plan.bug, capacity: anyCapacity(random, plan) },
      ...{ time, attestor, witness, backups },
      isCrasher: (vmId) => isOfShare(vmId, plan.crashersPercent),
      gossip: () => others(minerId).flatMap(({ guests }) => [...guests.values()]),
      onLaunch: (vmId, { generation }, { bootId }) => checker.launched(minerId, vmId, generation, bootId),
      onRemove: (vmId, generation) => checker.removed(minerId, vmId, generation),
    });
    miners.set(minerId, miner);
  }
  return miners;
};

/** From a host for one small VM to one for several large ones; in an uncrowded network none is small. */
export const anyCapacity = (random: Random, { isCrowded }: Pick<Plan, 'isCrowded'>): Size => {
  const scale = isCrowded ? 1 : 4;
  return {
    vcpus: random.between(1, 8) * scale,
    memoryBytes: random.between(1, 16) * scale * gibibyte,
    diskBytes: random.between(5, 100) * scale * gibibyte,
  };
};
