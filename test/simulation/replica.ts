import { rmSync } from 'node:fs';
import { createMemoryFoldSnapshots } from '#adapters/memory';
import { createInProcessScheduler } from '#adapters/system';
import { everyTick } from '#edge';
import {
  type Consumer,
  type ConsumerStatus,
  createBareConsumer,
  createRelay,
  type FoldSnapshots,
  type Handling,
  type Ids,
  type Scheduler,
} from '#events';
import { createLeadership, type LedPart } from '../../apps/orchestrator/src/lifecycle/leadership.ts';
import { createParts } from '../../apps/orchestrator/src/parts.ts';
import { openReadModel, type ReadModel } from '../../apps/orchestrator/src/projections/read-model.ts';
import type { Sealing } from '../../apps/orchestrator/src/sealed/sealing.ts';
import { createLife, type Life } from './life.ts';
import { createProcessGround, type Ground } from './process.ts';
import { simulatedSealing } from './sealed/sealing.ts';
import type { VirtualTime } from './virtual-time.ts';

/** One orchestrator: a process that ends, and another in its place. */
export type Replica = {
  readonly name: string;
  /** Starts a process when none runs; what it fails with ends it. */
  start(): void;
  end(): void;
  life(): Life | null;
  /** What its HTTP door would give commands to; `null` while it does not run. */
  handling(): Handling | null;
  jump(offsetMs: number): void;
  readModel(): ReadModel | null;
  /** Ends it, and its read model's file is gone too. */
  forgetReadModel(): void;
  statuses(): readonly ConsumerStatus[];
};

export type ReplicaParts = {
  readonly name: string;
  readonly ground: Ground;
  readonly time: VirtualTime;
  readonly ids: Ids;
  /** Where its read model outlives its processes. */
  readonly dir: string;
  readonly timersAreDropped: boolean;
  readonly log: (text: string) => void;
};

type Running = {
  readonly life: Life;
  readonly handling: Handling;
  readonly close: () => void;
  model: ReadModel | null;
  readModel: Consumer | null;
  parts: () => readonly { status?(): ConsumerStatus }[];
};

export const createReplica = (replica: ReplicaParts): Replica => {
  const { name, time, log } = replica;
  /** Of each build. As files beside its read model: they outlive its processes, and go with that. */
  const snapshots = new Map<string, FoldSnapshots>();
  let offsetMs = 0;
  let running: Running | null = null;

  const begin = (): Running => {
    const life = createLife(name, () => {
      if (running?.life !== life) return;
      running.close();
      running.model?.close();
      running = null;
    });
    const clock = time.clockOf(life, () => offsetMs);
    const process = createProcessGround(replica.ground, life, clock);
    const kept = snapshots.get(process.build) ?? newSnapshots();
    snapshots.set(process.build, kept);
    const sealing = simulatedSealing({ ...process, clock, ids: replica.ids, log: logOf(log) });
    const now: Running = {
      life,
      handling: { store: process.store, clock },
      close: () => void process.bus.close(),
      ...{ model: null, readModel: null, parts: () => [] },
    };
    const go = async (): Promise<void> => {
      const model = await openReadModel({ dir: replica.dir, store: process.store, log: logOf(log) });
      if (!life.isAlive()) return model.close();
      now.model = model;
      now.readModel = createBareConsumer({
        name: 'read-model',
        ...now.handling,
        sink: process.sink(model.sink),
        log: logOf(log),
      });
      await now.readModel.start();
      // Every replica answers guests, whoever has the lease.
      await process.bus.guests.serve(sealing.desk);
      const leadership = createLeadership({
        ...{ leases: process.leases, clock, log: logOf(log) },
        holder: `${name}-${replica.ids.uuid()}`,
        begin: () => beginTerm(replica, { ...process, snapshots: kept }, clock, sealing.sealing),
      });
      now.parts = () => leadership.current()?.parts ?? [];
      await leadership.start();
    };
    go().catch((error: unknown) => {
      log(`${name} does not start: ${String(error)}`);
      life.end();
    });
    return now;
  };

  return {
    name,
    start: () => {
      running ??= begin();
    },
    end: () => void running?.life.end(),
    life: () => running?.life ?? null,
    handling: () => running?.handling ?? null,
    jump: (ms) => {
      offsetMs = ms;
    },
    readModel: () => running?.model ?? null,
    forgetReadModel: () => {
      void running?.life.end();
      rmSync(replica.dir, { recursive: true, force: true });
      snapshots.clear();
    },
    statuses: () => {
      if (running === null) return [];
      const own = running.readModel === null ? [] : [running.readModel.status()];
      return [...own, ...running.parts().flatMap((part) => (part.status === undefined ? [] : [part.status()]))];
    },
  };
};

type Stands = ReturnType<typeof createProcessGround> & { readonly snapshots: FoldSnapshots };

/** So often that most lives begin with a copy, of all ages. */
const newSnapshots = (): FoldSnapshots => createMemoryFoldSnapshots({ everyEvents: 50 });

/** As often as production looks whether the bus has lost what it acknowledged. */
const refillEveryMs = 30_000;

/** The parts of one term of office, wired as production wires them. */
const beginTerm = (
  { timersAreDropped, log }: ReplicaParts,
  process: Stands,
  clock: Handling['clock'],
  sealing: Sealing,
) => {
  const { store, checkpoints, snapshots, bus } = process;
  const scheduler = timersAreDropped ? droppingScheduler : createInProcessScheduler({ clock, fired: () => undefined });
  const renew = async () => ({ ok: false, reason: 'not simulated' }) as const;
  const shared = { store, checkpoints, snapshots, clock, bus, log: logOf(log) };
  const { parts } = createParts({ ...shared, scheduler, renew, sealing, startAt: 'checkpoint' });
  const relay = createRelay(shared);
  const { name, start, stop } = relay;
  const all: readonly LedPart[] = [
    { name, start, stop, status: () => ({ ...relay.status(), name, parkedCount: 0, oldestParkedAt: null }) },
    everyTick('relay-refill', refillEveryMs, async () => void (await relay.refill()), shared),
    ...parts,
  ];
  return { parts: all };
};

const droppingScheduler: Scheduler = {
  serve: () => ({ set: () => undefined, cancel: () => undefined, stop: async () => undefined }),
  status: () => ({ backend: 'in-process', standing: {}, unreachable: null }),
  stop: async () => undefined,
};

const logOf =
  (log: (text: string) => void) =>
  (level: string, message: string, fields: Readonly<Record<string, unknown>> = {}) => {
    if (level !== 'info')
      log(`${message} ${JSON.stringify(fields, (_, value) => (typeof value === 'bigint' ? `${value}` : value))}`);
  };
