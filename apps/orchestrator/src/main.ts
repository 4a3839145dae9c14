import 'reflect-metadata';
import { connectOrchestratorBus } from '#adapters/nats';
import { openSqliteStore } from '#adapters/sqlite';
import { createInProcessScheduler, createRandomIds, createSystemClock } from '#adapters/system';
import { createLog, type Log, plainLine, runProgram } from '#edge';
import { BusUnavailable, type Clock, type OrchestratorBus, type TimerFired } from '#events';
import { type OrchestratorConfig, orchestratorConfig } from './config.ts';
import { minerCredentials, natsOperatorOf, ownCredentials } from './lifecycle/credentials.ts';
import { busRetryMs, busWaitMs } from './lifecycle/limits.ts';
import { startOrchestrator } from './orchestrator.ts';

const name = 'orchestrator';

const run = async (config: OrchestratorConfig): Promise<void> => {
  const clock = createSystemClock();
  const ids = createRandomIds();
  const log = createLog({ name, level: config.logLevel });
  await runProgram({
    ...{ name, clock, log },
    start: async (lifecycle) => {
      const operator = await natsOperatorOf(config.natsSecretsDir);
      const own = await ownCredentials(operator);
      const servers = [config.natsUrl];
      await startOrchestrator(
        {
          ...{ clock, ids, log },
          scheduler: createInProcessScheduler({ clock, fired: toldTo(log) }),
          openStore: () => openSqliteStore({ file: config.storeFile, clock, ids }),
          connectBus: () =>
            patiently(clock, () => connectOrchestratorBus({ servers, credentials: () => own, clock, log })),
          issueMinerJwt: minerCredentials(operator, servers, clock),
        },
        config,
        lifecycle,
      );
    },
  });
};

const toldTo =
  (log: Log) =>
  ({ kind, lateMs, error }: TimerFired): void => {
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
