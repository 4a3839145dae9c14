import 'reflect-metadata';
import { openRedisScheduler } from '#adapters/bullmq';
import { connectOrchestratorBus } from '#adapters/nats';
import { createInProcessScheduler, createRandomIds, createSystemClock } from '#adapters/system';
import { createLog, createMetrics, type Log, type Metrics, plainLine, runProgram } from '#edge';
import { BusUnavailable, type Clock, type OrchestratorBus, type TimerFired } from '#events';
import { type OrchestratorConfig, orchestratorConfig } from './config.ts';
import { minerCredentials, natsOperatorOf, ownCredentials } from './lifecycle/credentials.ts';
import { busRetryMs, busWaitMs } from './lifecycle/limits.ts';
import { openStoreOf } from './lifecycle/open-store.ts';
import { startOrchestrator } from './orchestrator.ts';

const name = 'orchestrator';

const run = async (config: OrchestratorConfig): Promise<void> => {
  const clock = createSystemClock();
  const ids = createRandomIds();
  const log = createLog({ name, level: config.logLevel });
  const metrics = createMetrics();
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
            patiently(clock, () => connectOrchestratorBus({ servers, replicas, credentials: () => own, clock, log })),
          issueMinerJwt: minerCredentials(operator, servers, clock),
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

/** A server that comes up a moment after us is waited for; one that does not is named by the last error. */
const patiently = async (clock: Clock, connect: () => Promise<OrchestratorBus>): Promise<OrchestratorBus> => {
  const until = clock.now() + busWaitMs;
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      if (!(error instanceof BusUnavailable) || clock.now() + busRetryMs >= until) throw error;
      await clock.sleep(busRetryMs);
    }
  }
};

const configOrExit = (): OrchestratorConfig => {
  try {
    return orchestratorConfig(process.env);
  } catch (error) {
    process.stderr.write(`${plainLine(name, error)}\n`);
    process.exit(1);
  }
};

await run(configOrExit());
