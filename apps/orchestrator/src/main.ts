import 'reflect-metadata';
import { openRedisScheduler } from '#adapters/bullmq';
import { openFoldFiles, programDigest } from '#adapters/folds';
import { connectOrchestratorBus } from '#adapters/nats';
import { loadSimulatedProcessor } from '#adapters/processor';
import { createInProcessScheduler, createRandomIds, createSystemClock } from '#adapters/system';
import {
  configOrExit,
  connectedSoon,
  createLog,
  createMetrics,
  type Log,
  type Metrics,
  runProgram,
  withoutCoreDumps,
} from '#edge';
import type { Clock, TimerFired } from '#events';
import { type OrchestratorConfig, orchestratorConfig } from './config.ts';
import { minerCredentials, natsOperatorOf, ownCredentials } from './lifecycle/credentials.ts';
import { openStoreOf } from './lifecycle/open-store.ts';
import { openVaultOf } from './lifecycle/open-vault.ts';
import { passportSourcesOf } from './lifecycle/passport-sources.ts';
import { startOrchestrator } from './orchestrator.ts';

const name = 'orchestrator';

const run = async (config: OrchestratorConfig): Promise<void> => {
  const clock = createSystemClock();
  const ids = createRandomIds();
  const log = createLog({ name, level: config.logLevel });
  const metrics = createMetrics();
  await withoutCoreDumps(log);
  await runProgram({
    ...{ name, clock, log },
    start: async (lifecycle) => {
      const operator = await natsOperatorOf(config.natsSecretsDir);
      const own = await ownCredentials(operator);
      const { natsServers: servers, natsReplicas: replicas } = config;
      await startOrchestrator(
        {
          ...{ clock, ids, log, metrics },
          openScheduler: () => schedulerOf(config, { clock, log, fired: toldTo(log, metrics) }),
          openStore: () => openStoreOf(config.store, { clock, ids }),
          connectBus: () =>
            connectedSoon(clock, () =>
              connectOrchestratorBus({ servers, replicas, credentials: () => own, clock, log }),
            ),
          issueMinerJwt: minerCredentials(operator, servers, clock),
          openVault: (networkId) => openVaultOf(config.vault, networkId),
          openSimulated: async () => (config.network.kind === 'simulated' ? loadSimulatedProcessor() : null),
          passportSources: passportSourcesOf(config, clock),
          openFolds: async (store, dir) => openFoldFiles({ dir, store, log, build: await programDigest() }),
        },
        config,
        lifecycle,
      );
    },
  });
};

type Fired = (fired: TimerFired) => void;
type SchedulerGround = { readonly clock: Clock; readonly log: Log; readonly fired: Fired };

/** Timers of this process alone, or shared with its replicas through Redis. */
const schedulerOf = async ({ redis, network: { name: network } }: OrchestratorConfig, ground: SchedulerGround) =>
  redis === null ? createInProcessScheduler(ground) : openRedisScheduler({ ...ground, ...redis, network });

const toldTo =
  (log: Log, metrics: Metrics): Fired =>
  ({ kind, lateMs, error }) => {
    metrics.count('hcc_scheduler_calls_total', { kind, outcome: error === null ? 'done' : 'failed' });
    metrics.observe('hcc_scheduler_late_seconds', { kind }, lateMs / 1_000);
    if (error !== null) log('warn', 'timer failed, it is tried again', { kind, lateMs, error });
  };

await run(configOrExit(name, () => orchestratorConfig(process.env)));
