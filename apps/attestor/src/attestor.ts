import { NestFactory } from '@nestjs/core';
import { amdKeyServerUrl, createAmdVekSource } from '#adapters/amd-kds';
import { everyTick, type Lifecycle, type Log, type Metrics, nestLogger, toldReads } from '#edge';
import {
  type Clock,
  type Consumer,
  createConsumer,
  type EventStore,
  type EvidenceStore,
  type FoldSnapshots,
  type Scheduler,
  type Sink,
  type VerifierBus,
} from '#events';
import { ATTESTERS, appModule, DOOR, type Door, POLICIES } from './app.module.ts';
import type { Attesters } from './attesters/attesters.ts';
import type { AttestorConfig } from './config.ts';
import { type Endorse, endorseByKeyServer, endorseSimulated } from './endorsements/endorsements.ts';
import { tellFigures } from './figures.ts';
import { dropEveryMs, evidenceKeptMs, worldWaitMs } from './limits.ts';
import { networkOf } from './network.ts';
import type { Policies } from './policies/policies.ts';
import { createOverdue } from './schedule/overdue.ts';
import { type Trusted, tpmRootsOf, trustOf } from './trust.ts';
import { createWorld } from './world/world.ts';

/** What the attestor stands on. `main.ts` gives the real ones, a test some of its own. */
export type Ground = {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly random: (bytes: number) => Uint8Array;
  readonly openStore: () => Promise<{ readonly store: EventStore; close(): Promise<void> }>;
  readonly openEvidence: () => Promise<{ readonly store: EvidenceStore; close(): Promise<void> }>;
  readonly connectBus: () => Promise<VerifierBus>;
  readonly openScheduler: () => Promise<Scheduler>;
  /** Copies of what folds in memory. */
  readonly openFolds: (store: EventStore) => Promise<FoldSnapshots>;
};

export type AttestorOptions = Pick<
  AttestorConfig,
  'attestorId' | 'verifierKey' | 'resultKey' | 'simulatedRoot' | 'tpmRootsDir' | 'vekCacheDir'
>;

/** Starts everything in order: store, evidence, what the network is, what the log says, timers, and last the requests. Says whether it can be asked now. */
export const startAttestor = async (
  ground: Ground,
  options: AttestorOptions,
  lifecycle: Lifecycle,
): Promise<() => boolean> => {
  const { clock, log, metrics } = ground;
  const { store } = await lifecycle.open('store', ground.openStore, (opened) => opened.close());
  const { store: evidence } = await lifecycle.open('evidence', ground.openEvidence, (opened) => opened.close());
  const network = await lifecycle.open(
    ...(['network', () => networkOf(store, clock, log), async () => undefined, { startMs: worldWaitMs }] as const),
  );
  log('info', 'network', { name: network.name, kind: network.kind === 'simulated' ? 'SIMULATED' : network.kind });
  const [trusted, ekRoots] = [await trustOf(network, options.simulatedRoot), await tpmRootsOf(options.tpmRootsDir)];

  const keeping: { keep: Parameters<typeof createWorld>[1] } = { keep: undefined };
  const snapshots = await ground.openFolds(store);
  const world = createWorld({ store, snapshots }, (event) => keeping.keep?.(event));
  const { random } = ground;
  const module = appModule({
    ...{ config: options, clock, log, metrics, random, network, trusted, ekRoots, store, evidence, world: world.world },
    scoreOf: (minerId) => world.world().reputations.scoreOf(minerId, clock.now()),
    endorse: endorseOf(trusted, ground, options),
  });
  const app = await lifecycle.open(
    'app',
    () => NestFactory.createApplicationContext(module, { logger: nestLogger(log), abortOnError: false }),
    (opened) => opened.close(),
  );
  const bus = await lifecycle.open('bus', ground.connectBus, (opened) => opened.close());
  const overdue = createOverdue({
    ...{ world: world.world, attesters: app.get<Attesters>(ATTESTERS), clock, log, attestorId: options.attestorId },
    schedule: () => app.get<Policies>(POLICIES).schedule().policy,
    remind: (minerId) => bus.due(minerId),
    openedAt: clock.now(),
  });
  keeping.keep = overdue.keep;
  const reading = await startReading(ground, { store, sink: world }, lifecycle);
  const scheduler = await lifecycle.open('timers', ground.openScheduler, (opened) => opened.stop());
  await lifecycle.start({ name: 'overdue', start: async () => overdue.start(scheduler), stop: overdue.stop });
  await lifecycle.start(everyTick('evidence-retention', dropEveryMs, dropping(evidence, ground), { clock, log }));
  const { handlers, admit } = app.get<Door>(DOOR);
  await lifecycle.open(
    'requests',
    () => bus.serve(handlers, admit),
    (stop) => stop(),
  );
  const isReady = (): boolean => bus.connectedSince() !== null && reading.status().stalled === null;
  tellFigures(metrics, { world: world.world, bus, clock, isReady });
  return isReady;
};

/** Reads the whole log and then on. Nothing is judged, and nobody called late, before it has come to the end. */
const startReading = async (
  { clock, log }: Ground,
  { store, sink }: { readonly store: EventStore; readonly sink: Sink },
  lifecycle: Lifecycle,
): Promise<Consumer> => {
  const reading = createConsumer({
    name: 'attestation-world',
    store: toldReads(store, { clock, log }),
    clock,
    sink,
    log,
  });
  await lifecycle.start({ name: 'world', start: reading.start, stop: reading.stop });
  const head = await store.head();
  if (head !== null && !(await reading.reached(head, worldWaitMs))) {
    const { stalled } = reading.status();
    throw new Error(
      `the log was not read to its end within ${worldWaitMs} ms (${stalled ?? 'it is long'}); start again`,
    );
  }
  return reading;
};

const dropping =
  (evidence: EvidenceStore, { clock, log }: Ground) =>
  async (): Promise<void> => {
    const dropped = await evidence.dropOlder(clock.now() - evidenceKeptMs);
    if (dropped > 0) log('info', 'evidence dropped: its time was over', { files: dropped });
  };

/** Certificates and lists: of the simulated root where there is one, else of AMD, kept in a folder. */
const endorseOf = (
  { issuer }: Trusted,
  { clock, log }: Ground,
  { vekCacheDir: folder }: Pick<AttestorOptions, 'vekCacheDir'>,
): Endorse => {
  if (issuer !== null) return endorseSimulated(issuer, clock);
  const source = createAmdVekSource({ baseUrl: new URL(amdKeyServerUrl), folder, clock });
  return endorseByKeyServer(source, (reason) => log('warn', 'endorsements of a chip could not be had', { reason }));
};
