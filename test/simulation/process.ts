import type { MemoryBus } from '#adapters/memory';
import {
  type Checkpoints,
  type Clock,
  type EventStore,
  type Handled,
  type KeyVault,
  type Leases,
  type OrchestratorBus,
  type RecordedEvent,
  type Sink,
  StoreUnavailable,
} from '#events';
import type { Faults } from './faults.ts';
import type { Gate } from './gate.ts';
import { type Life, ProcessEnded } from './life.ts';
import { createPoison } from './poison.ts';
import type { Random } from './random.ts';

/** What outlives every process: the store with what stands beside it, and the bus. */
export type Ground = {
  readonly store: EventStore;
  readonly checkpoints: Checkpoints;
  readonly leases: Leases;
  readonly bus: MemoryBus;
  /** Keys of volumes: one vault for all replicas. */
  readonly vault: KeyVault;
  readonly gate: Gate;
  readonly faults: Faults;
  readonly random: Random;
  /** A planted mistake: what is put is folded before the place that it is put to is looked at. */
  readonly specsAreFoldedEarly: boolean;
};

/** The ground as one process stands on it: each write may be its last, before it was done or after. */
export type ProcessGround = {
  readonly store: EventStore;
  readonly checkpoints: Checkpoints;
  readonly leases: Leases;
  readonly bus: OrchestratorBus;
  readonly vault: Pick<KeyVault, 'create' | 'withKey' | 'destroy' | 'holders'>;
  readonly build: string;
  /** A read model's commits may be the last too. */
  sink(sink: Sink): Sink;
};

type Write = <Result>(
  work: () => Promise<Result> | Result,
  how?: { readonly mayFail?: boolean; readonly who?: string | null },
) => Promise<Result>;
/** A write in two halves: what waits and may end before it is done, and after. */
type Halves = { readonly before: (who: string | null) => Promise<void>; readonly after: () => Promise<void> };
type Read = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** A message that a paused process holds comes again to another after this. */
const heldMs = 5_000;

export const createProcessGround = (ground: Ground, life: Life, clock: Clock): ProcessGround => {
  const { store, checkpoints, leases, gate, faults, vault } = ground;
  const before: Halves['before'] = async (who) => {
    await life.here();
    await gate.pass(life, who);
    await life.here();
    if (faults.happens('crash')) await life.end();
  };
  const after: Halves['after'] = async () => {
    if (faults.happens('crash')) await life.end();
    await life.here();
  };
  const write: Write = async (work, { mayFail = false, who = null } = {}) => {
    await before(who);
    if (mayFail && faults.happens('store-busy')) throw new StoreUnavailable('busy', 'the simulated store is busy');
    const result = await work();
    await after();
    return result;
  };
  const read: Read = async (work) => {
    await life.here();
    const result = await work();
    await life.here();
    return result;
  };
  const poison = createPoison(ground);
  const putting = ground.specsAreFoldedEarly ? puttingWhatWasFolded(write) : puttingWhatIsFolded({ before, after });

  return {
    build: poison.build,
    store: {
      ...store,
      append: (stream, events, expected) => {
        return write(
          () => {
            poison.check(events);
            return store.append(stream, events, expected);
          },
          { mayFail: true },
        );
      },
      readStream: (stream, options) => read(async () => poison.seen(await store.readStream(stream, options))),
      readAll: (options) =>
        read(async () => {
          const page = await store.readAll(options);
          return { ...page, events: poison.seen(page.events) };
        }),
      readAllBare: (options) =>
        read(async () => {
          const page = await store.readAllBare(options);
          return { ...page, events: poison.seen(page.events) };
        }),
      head: () => read(store.head),
      positionAt: (time) => read(() => store.positionAt(time)),
    },
    checkpoints: {
      load: (consumer) => read(() => checkpoints.load(consumer)),
      save: (consumer, position) => write(() => checkpoints.save(consumer, position), { mayFail: true, who: consumer }),
    },
    leases: {
      acquire: (name, holder, ttlMs) => write(() => leases.acquire(name, holder, ttlMs), { mayFail: true }),
      release: (name, holder) => write(() => leases.release(name, holder), { mayFail: true }),
    },
    bus: busOf(ground.bus.connectOrchestrator({ who: life.name, clock }), life, write, putting),
    vault: {
      create: (vmId) => write(() => vault.create(vmId)),
      withKey: (vmId, use) => read(() => vault.withKey(vmId, use)),
      destroy: (vmId) => write(() => vault.destroy(vmId)),
      holders: () => read(() => vault.holders()),
    },
    sink: (sink) => ({ ...sink, commit: (position, without) => write(() => sink.commit(position, without)) }),
  };
};

type PutSpec = OrchestratorBus['putSpec'];

/** It may stand still, or end, when it has folded what it is about to put. */
const puttingWhatIsFolded =
  ({ before, after }: Halves) =>
  (bus: OrchestratorBus): PutSpec =>
  async (minerId, vmId, fold) => {
    const put = await bus.putSpec(minerId, vmId, async () => {
      const spec = await fold();
      await before('spec-publisher');
      return spec;
    });
    await after();
    return put;
  };

/** The planted mistake. */
const puttingWhatWasFolded =
  (write: Write) =>
  (bus: OrchestratorBus): PutSpec =>
  async (minerId, vmId, fold) => {
    const spec = await fold();
    return write(() => bus.putSpec(minerId, vmId, async () => spec), { who: 'spec-publisher' });
  };

const busOf = (
  bus: OrchestratorBus,
  life: Life,
  write: Write,
  putting: (bus: OrchestratorBus) => PutSpec,
): OrchestratorBus => {
  /** What a message's handler comes to, for a server that does not know whether the process still runs. */
  const handled =
    <Args extends readonly unknown[], Result>(handle: (...args: Args) => Promise<Result>) =>
    (...args: Args): Promise<Result> =>
      life.isAlive()
        ? Promise.race([life.here().then(() => handle(...args)), life.ended])
        : Promise.reject(new ProcessEnded(life.name));
  const taking = <Args extends readonly unknown[]>(handle: (...args: Args) => Promise<Handled>) => {
    const take = handled(handle);
    return (...args: Args): Promise<Handled> =>
      life.isPaused() ? Promise.resolve({ retryInMs: heldMs }) : take(...args);
  };
  return {
    ...bus,
    publishEvents: (events: readonly RecordedEvent[]) => write(() => bus.publishEvents(events)),
    putSpec: putting(bus),
    purgeSpec: (minerId, vmId) => write(() => bus.purgeSpec(minerId, vmId)),
    resetWork: (minerId) => write(() => bus.resetWork(minerId)),
    onReport: (handle) => bus.onReport(taking(handle)),
    onHost: (handle) => bus.onHost(taking(handle)),
    onBeat: (handle) =>
      bus.onBeat((minerId, at) => {
        if (life.isAlive() && !life.isPaused()) handle(minerId, at);
      }),
    onAsk: (what, handle) => bus.onAsk(what, handled(handle)),
    onDrain: (handle) => bus.onDrain(handled(handle)),
    guests: {
      serve: ({ release, confirm }) => bus.guests.serve({ release: handled(release), confirm: handled(confirm) }),
    },
  };
};
