import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { openEvidenceFiles } from '#adapters/evidence';
import { openFoldFiles, programDigest } from '#adapters/folds';
import { connectVerifierBus } from '#adapters/nats';
import { openSqliteStore } from '#adapters/sqlite';
import { createInProcessScheduler, createRandomIds, createSystemClock } from '#adapters/system';
import { createLifecycle, createMetrics, silentLog } from '#edge';
import { startAttestor } from '../../apps/attestor/src/attestor.ts';
import type { FromAttestor, ToAttestor } from './attestor-words.ts';

// The attestor as it is, in a process of its own: SQLite on disk, evidence encrypted and synced, requests over NATS. Says how
// many MiB it keeps when garbage is collected.

type Start = Extract<ToAttestor, { readonly start: object }>['start'];

const clock = createSystemClock();
const lifecycle = createLifecycle({ log: silentLog, clock });
const tell = (word: FromAttestor): void => void process.send?.(word);

const start = ({ servers, identity, storeFile, evidenceDir, root, attestorId, key }: Start): Promise<unknown> =>
  startAttestor(
    {
      ...{ clock, log: silentLog, metrics: createMetrics(), random: randomBytes },
      openStore: () => openSqliteStore({ file: storeFile, clock, ids: createRandomIds() }),
      openEvidence: () =>
        openEvidenceFiles({ dir: evidenceDir, key: Buffer.from(key, 'hex'), random: randomBytes, clock }),
      connectBus: () => connectVerifierBus({ servers, credentials: () => identity, clock, log: silentLog }),
      openScheduler: async () => createInProcessScheduler({ clock, fired: () => undefined }),
      openFolds: async (store) =>
        openFoldFiles({ dir: join(evidenceDir, 'folds'), store, build: await programDigest(), log: silentLog }),
    },
    {
      ...{ attestorId, verifierKey: Buffer.from(key, 'hex'), simulatedRoot: root, tpmRootsDir: null },
      ...{ resultKey: generateKeyPairSync('ed25519').privateKey, vekCacheDir: evidenceDir },
    },
    lifecycle,
  );

const heap = async (): Promise<number> => {
  for (let n = 0; n < 5; n += 1) {
    globalThis.gc?.();
    await after(50);
  }
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1024 / 1024;
};

process.on('message', (word: ToAttestor) => {
  const work =
    'start' in word
      ? start(word.start).then(() => ({ started: true }) as const)
      : heap().then((heapMib) => ({ heapMib }));
  work.then(tell, (error: unknown) => tell({ failed: String(error) }));
});
process.once('disconnect', () => void lifecycle.stop().then(() => process.exit(0)));
