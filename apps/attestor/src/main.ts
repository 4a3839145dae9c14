import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { openEvidenceFiles } from '#adapters/evidence';
import { openFoldFiles, programDigest } from '#adapters/folds';
import { connectVerifierBus } from '#adapters/nats';
import { createInProcessScheduler, createRandomIds, createSystemClock } from '#adapters/system';
import {
  configOrExit,
  connectedSoon,
  createLog,
  createMetrics,
  type Log,
  metricsDoor,
  runProgram,
  withoutCoreDumps,
} from '#edge';
import { startAttestor } from './attestor.ts';
import { type AttestorConfig, attestorConfig } from './config.ts';
import { ownCredentials } from './credentials.ts';
import { openStoreOf } from './open-store.ts';

const name = 'attestor';

const run = async (config: AttestorConfig): Promise<void> => {
  const clock = createSystemClock();
  const log = createLog({ name, level: config.logLevel });
  const metrics = createMetrics();
  await withoutCoreDumps(log);
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
          connectBus: () =>
            connectedSoon(clock, () => connectVerifierBus({ servers, credentials: () => own, clock, log })),
          openScheduler: async () => createInProcessScheduler({ clock, fired: toldTo(log) }),
          openFolds: async (store) => openFoldFiles({ dir: config.foldsDir, store, log, build: await programDigest() }),
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

await run(configOrExit(name, () => attestorConfig(process.env)));
