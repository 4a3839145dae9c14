import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { openFoldFiles, programDigest } from '#adapters/folds';
import { createMemoryBus, createMemoryKeyVault } from '#adapters/memory';
import { openSqliteStore } from '#adapters/sqlite';
import { createInProcessScheduler, createRandomIds, createSystemClock } from '#adapters/system';
import { createLifecycle, createMetrics, silentLog } from '#edge';
import { startOrchestrator } from '../../apps/orchestrator/src/orchestrator.ts';

// The orchestrator on a log that is there already, in a process of its own, as after a restart: processes and relay stand at
// its end. Says on stdout how many MiB it keeps when every consumer has read to the end and garbage is collected.

const [file = '', dir = ''] = process.argv.slice(2);
mkdirSync(dir, { recursive: true });
/** The same at every start on the same rows: a network's log takes no other. */
const networkKey = (): KeyObject => {
  const file = join(dir, 'network.key');
  if (!existsSync(file)) {
    writeFileSync(file, generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }));
  }
  return createPrivateKey(readFileSync(file));
};

const clock = createSystemClock();
const ids = createRandomIds();
const bus = createMemoryBus({ clock });
const lifecycle = createLifecycle({ log: silentLog, clock });
const startedAt = clock.now();
const app = await startOrchestrator(
  {
    ...{ clock, ids, log: silentLog },
    metrics: createMetrics(),
    openScheduler: async () => createInProcessScheduler({ clock, fired: () => undefined }),
    openStore: async () => {
      const opened = await openSqliteStore({ file, clock, ids });
      const head = await opened.store.head();
      const { load, save } = opened.checkpoints;
      const standing = async (consumer: string) => {
        const saved = await load(consumer);
        return saved === 'none' ? head : saved;
      };
      return { ...opened, checkpoints: { load: standing, save } };
    },
    connectBus: async () => bus.orchestrator,
    issueMinerJwt: async () => ({ jwt: '', expiresAt: 0, servers: [] }),
    openVault: async () => ({ ...createMemoryKeyVault(randomBytes), close: async () => undefined }),
    openSimulated: async () => null,
    passportSources: { evidence: null, endorse: null },
    openFolds: async (store, at) => openFoldFiles({ dir: at, store, build: await programDigest(), log: silentLog }),
  },
  {
    ...{
      listenHost: '127.0.0.1',
      listenPort: 0,
      readModelDir: dir,
      reconcile: false,
    },
    ...{ metricsAt: null, logHeadsFile: join(dir, 'log-heads.ndjson') },
    network: {
      ...{ name: 'bench', kind: 'simulated', simulatedRootSha256: '0'.repeat(64) },
      key: networkKey(),
    },
    resultKey: generateKeyPairSync('ed25519').publicKey,
    operatorToken: { tokenId: ids.uuid(), sha256: '0'.repeat(64) },
  },
  lifecycle,
);
const url = await app.getUrl();
process.stderr.write(`started in ${clock.now() - startedAt} ms\n`);
for (let toldAt = startedAt; ; ) {
  const answer = await fetch(`${url}/readyz`);
  const { parts } = (await answer.json()) as { parts: readonly { readonly name: string; readonly ready: boolean }[] };
  if (answer.ok) break;
  if (clock.now() - toldAt > 10_000) {
    toldAt = clock.now();
    const behind = parts.filter(({ ready }) => !ready).map(({ name }) => name);
    process.stderr.write(`reading for ${Math.round((toldAt - startedAt) / 1_000)} s: ${behind.join(', ')}\n`);
  }
  await after(200);
}
for (let n = 0; n < 5; n += 1) {
  globalThis.gc?.();
  await after(50);
}
const { heapUsed, external } = process.memoryUsage();
process.stdout.write(`${Math.round(((heapUsed + external) / 1024 / 1024) * 10) / 10}\n`);
await lifecycle.stop();
