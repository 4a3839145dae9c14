import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { SimulatedProcessor } from '#attestation';
import { busWaitMs, type Lifecycle, type Log, type Metrics, metricsDoor } from '#edge';
import {
  type Checkpoints,
  type Clock,
  createBareConsumer,
  createConsumer,
  type EventStore,
  type FoldSnapshots,
  type Ids,
  type KeyVault,
  type Leases,
  type OrchestratorBus,
  type Scheduler,
  skippedEvents,
} from '#events';
import { registerGauges } from './figures/gauges.ts';
import { measuredBus } from './figures/measured-bus.ts';
import { measuredStore } from './figures/measured-store.ts';
import { createLogHeads } from './heads/log-heads.ts';
import type { OperatorToken } from './http/auth/authenticator.ts';
import { listening, openDoor } from './http/door.ts';
import type { RateLimits } from './http/rates.ts';
import type { IssueMinerJwt } from './http/views/credentials.view.ts';
import type { Network } from './http/views/network.ts';
import type { PassportSources } from './http/vms/passport-evidence.ts';
import { createPassportMaking, type MakePassport } from './http/vms/passport-making.ts';
import { foundNetwork, type NetworkTerms } from './lifecycle/found-network.ts';
import { createLeadership } from './lifecycle/leadership.ts';
import { processesStartMs } from './lifecycle/limits.ts';
import { busProbe, createReadiness, storeProbe, timersProbe } from './lifecycle/readiness.ts';
import { openReadModel } from './projections/read-model.ts';
import { createRebuilds } from './projections/rebuilds.ts';
import { createReputationSink, reputationConsumer } from './projections/reputation.ts';
import { createSealing } from './sealed/sealing.ts';
import { beginTerm } from './term.ts';

export type OpenStore = {
  readonly store: EventStore;
  readonly checkpoints: Checkpoints;
  readonly leases: Leases;
  close(): Promise<void>;
};

/** What the orchestrator stands on. `main.ts` gives the real ones, a test those in memory. */
export type Ground = {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Opens what keeps timers, or throws and says why. */
  readonly openScheduler: () => Promise<Scheduler>;
  readonly openStore: () => Promise<OpenStore>;
  /** Connects and makes sure of streams and consumers; within {@link busWaitMs}, or it throws and says why. */
  readonly connectBus: () => Promise<OrchestratorBus>;
  readonly issueMinerJwt: IssueMinerJwt;
  /** Where the keys of volumes are, for this network. */
  readonly openVault: (networkId: string) => Promise<KeyVault & { close(): Promise<void> }>;
  /** What predicts for a simulated processor; `null` on a production network. */
  readonly openSimulated: () => Promise<Pick<SimulatedProcessor, 'launchDigest'> | null>;
  readonly passportSources: PassportSources;
  /** Copies of what folds in memory, in a directory of their own. */
  readonly openFolds: (store: EventStore, dir: string) => Promise<FoldSnapshots>;
};

export type OrchestratorOptions = {
  readonly listenHost: string;
  readonly listenPort: number;
  readonly readModelDir: string;
  readonly operatorToken: OperatorToken;
  readonly network: NetworkTerms;
  /** Ed25519, public: what attestors sign their results with. */
  readonly resultKey: KeyObject;
  readonly reconcile: boolean;
  /** Where figures are given; `null` gives none. */
  readonly metricsAt: { readonly host: string; readonly port: number } | null;
  /** Where the log's signed heads go: outside the store, best on another disk. */
  readonly logHeadsFile: string;
  readonly atLeastWaitMs?: number;
  readonly rateLimits?: RateLimits;
  /** Where images are given to miners from; none are unless given. */
  readonly imageCacheDir?: string;
};

/** Starts everything in order: store, read model, bus, processes under their lease, door. The lifecycle stops it in reverse. */
export const startOrchestrator = async (
  ground: Ground,
  options: OrchestratorOptions,
  lifecycle: Lifecycle,
): Promise<NestFastifyApplication> => {
  const { clock, ids, log, metrics } = ground;
  const opened = await lifecycle.open('store', ground.openStore, (store) => store.close());
  const { checkpoints, leases } = opened;
  const store = measuredStore(opened.store, metrics);
  const { networkId: id, name, kind } = await foundNetwork({ store, clock, ids }, options.network);
  const heads = createLogHeads({ store, clock, log, file: options.logHeadsFile, key: options.network.key });
  await lifecycle.start(heads);
  const reads = await openReads(ground, store, options.readModelDir, lifecycle);
  const { model, readModel, rebuilds, reputation, snapshots } = reads;
  const connected = await lifecycle.open('bus', ground.connectBus, (open) => open.close(), { startMs: 2 * busWaitMs });
  const bus = measuredBus(connected, metrics);
  const scheduler = await lifecycle.open('timers', ground.openScheduler, (open) => open.stop());

  const network = { id, name, kind };
  const { sealing, desk, handOver } = await openSealing(ground, { store, network, options }, lifecycle);
  const leadership = createLeadership({
    ...{ leases, clock, log, holder: `orchestrator-${ids.uuid()}` },
    begin: () => beginTerm({ store, checkpoints, snapshots, scheduler, bus, sealing }, ground, options.reconcile),
  });
  await lifecycle.start(leadership, { startMs: processesStartMs });
  // Every replica answers guests: an append decides, not who holds the lease.
  const serve = () => bus.guests.serve(desk);
  await lifecycle.open('guests', serve, (stop) => stop());

  const consumers = () => [
    { status: readModel.status },
    { status: reputation.status },
    { status: heads.status },
    ...(leadership.current()?.parts ?? []).flatMap(({ status }) => (status === undefined ? [] : [{ status }])),
  ];
  const probes = [storeProbe(store), busProbe(bus), timersProbe(scheduler), leadership.probe];
  const readiness = createReadiness(probes, consumers);
  registerGauges(metrics, { store, clock, bus, scheduler, readiness, consumers, term: leadership.current });
  const { metricsAt } = options;
  if (metricsAt !== null) await lifecycle.start(metricsDoor({ metrics, ...metricsAt, log }));
  const door = await openDoor(
    {
      ...{ store, clock, ids, bus, readModel, reputation },
      ...{ rows: model.rows, rebuilds, readiness, metrics },
      lastSeen: (minerId) => leadership.current()?.watch.lastSeenAt(minerId) ?? null,
      issueMinerJwt: ground.issueMinerJwt,
      operatorToken: options.operatorToken,
      ...{ network, handOver, makePassport: passportsOf(ground, { store, network, options }), ...optional(options) },
    },
    log,
  );
  await lifecycle.start(listening(door, options.listenHost, options.listenPort, log));
  return door;
};

const optional = ({ atLeastWaitMs, rateLimits, imageCacheDir }: OrchestratorOptions) => ({
  ...(atLeastWaitMs === undefined ? {} : { atLeastWaitMs }),
  ...(rateLimits === undefined ? {} : { rateLimits }),
  ...(imageCacheDir === undefined ? {} : { imageCacheDir }),
});

type Sealed = { readonly store: EventStore; readonly network: Network; readonly options: OrchestratorOptions };

const passportsOf = ({ clock, log, passportSources }: Ground, { store, network, options }: Sealed): MakePassport =>
  createPassportMaking({
    ...{ store, clock, log, networkId: network.id, networkKey: options.network.key, ...passportSources },
  });

/** The keys of volumes, and who decides about them. */
const openSealing = async (ground: Ground, { store, network, options }: Sealed, lifecycle: Lifecycle) => {
  const { clock, ids, log } = ground;
  const open = () => ground.openVault(network.id);
  const vault = await lifecycle.open('vault', open, (opened) => opened.close());
  const simulated = await ground.openSimulated();
  return createSealing({
    ...{ store, clock, ids, log, vault, simulated, network },
    ...{ networkKey: options.network.key, resultKey: options.resultKey },
  });
};

/** The read model, kept to the log, and its rebuilds. */
const openReads = async (
  { clock, ids, log, openFolds }: Ground,
  store: EventStore,
  dir: string,
  lifecycle: Lifecycle,
) => {
  const snapshots = await openFolds(store, join(dir, 'folds'));
  const model = await lifecycle.open(
    'read-model-file',
    () => openReadModel({ dir, store, log }),
    async (opened) => opened.close(),
  );
  const readModel = createBareConsumer({ name: 'read-model', store, clock, sink: model.sink, log });
  await lifecycle.start({ name: 'read-model', start: readModel.start, stop: readModel.stop });
  const rebuilds = createRebuilds({
    ...{ model, log: store, clock, ids, tell: log },
    skipped: () => skippedEvents({ store, clock }, 'read-model'),
    isBlocked: (stream) => readModel.blocking(stream) !== null,
  });
  await lifecycle.start({ name: 'rebuilds', start: async () => undefined, stop: rebuilds.stop });
  const sink = createReputationSink(store, snapshots);
  const following = createConsumer({ name: reputationConsumer, store, clock, sink, log });
  await lifecycle.start({ name: 'reputation', start: following.start, stop: following.stop });
  return { model, readModel, rebuilds, snapshots, reputation: { ...following, reputations: sink.reputations } };
};
