import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { openEvidenceFiles } from '#adapters/evidence';
import { connectVerifierBus } from '#adapters/nats';
import { createInProcessScheduler, createRandomIds, createSystemClock } from '#adapters/system';
import { createLog, createMetrics, type Log, metricsDoor, plainLine, runProgram } from '#edge';
import { BusUnavailable, type Clock, type VerifierBus } from '#events';
import { startAttestor } from './attestor.ts';
import { type AttestorConfig, attestorConfig } from './config.ts';
import { ownCredentials } from './credentials.ts';
import { busRetryMs, busWaitMs } from './limits.ts';
import { openStoreOf } from './open-store.ts';

const name = 'attestor';

const run = async (config: AttestorConfig): Promise<void> => {
  const clock = createSystemClock();
  const log = createLog({ name, level: config.logLevel });
  const metrics = createMetrics();
  await runProgram({
    ...{ name, clock, log },
    start: async (lifecycle) => {
      const own = await ownCredentials(config.natsSecretsDir);
      const { natsServers: servers, metricsAt } = config;
      let isReady = (): boolean => false;
      if (metricsAt !== null) {
        await lifecycle.start(metricsDoor({ metrics, ...metricsAt, log, isReady: () => isReady() }));
      }
      isReady = await startAttestor(
        {
          ...{ clock, log, metrics, random: randomBytes },
          openStore: () => openStoreOf(config.store, { clock, ids: createRandomIds() }),
          openEvidence: () =>
            openEvidenceFiles({ dir: config.evidenceDir, key: config.evidenceKey, random: randomBytes, clock }),
          connectBus: () => patiently(clock, () => connectVerifierBus({ servers, credentials: () => own, clock, log })),
          openScheduler: async () => createInProcessScheduler({ clock, fired: toldTo(log) }),
        },
        config,
        lifecycle,
      );
    },
  });
};

const toldTo =
  (log: Log) =>
  ({ kind, lateMs, error }: { readonly kind: string; readonly lateMs: number; readonly error: unknown }): void => {
    if (error !== null) log('warn', 'timer failed, it is tried again', { kind, lateMs, error });
  };

/** A server that comes up a moment after us is waited for; one that does not is named by the last error. */
const patiently = async (clock: Clock, connect: () => Promise<VerifierBus>): Promise<VerifierBus> => {
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

const configOrExit = (): AttestorConfig => {
  try {
    return attestorConfig(process.env);
  } catch (error) {
    process.stderr.write(`${plainLine(name, error)}\n`);
    process.exit(1);
  }
};

await run(configOrExit());
