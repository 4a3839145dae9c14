import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openFoldFiles } from '#adapters/folds';
import {
  createMemoryBus,
  createMemoryCheckpoints,
  createMemoryEventStore,
  createMemoryKeyVault,
  createMemoryLeases,
  type MemoryBus,
} from '#adapters/memory';
import { createInProcessScheduler, createRandomIds, createSystemClock } from '#adapters/system';
import { standardFlavors } from '#domain';
import { createLifecycle, createMetrics, type Lifecycle, type Log, silentLog } from '#edge';
import { type Clock, type EventStore, type KeyVault, streamName } from '#events';
import { simulatedProcessor } from '#simulated-processor';
import type { RateLimits } from '../../apps/orchestrator/src/http/rates.ts';
import type { NetworkTerms } from '../../apps/orchestrator/src/lifecycle/found-network.ts';
import { type Ground, startOrchestrator } from '../../apps/orchestrator/src/orchestrator.ts';
import { checkAnswer } from './answers.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers are read field by field by the assertions.
export type Json = any;
export type Answer = { readonly status: number; readonly headers: Headers; readonly body: Json };
export type Ask = {
  readonly token?: string | null;
  readonly body?: unknown;
  readonly raw?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
};

export type Booted = {
  readonly url: string;
  readonly store: EventStore;
  readonly bus: MemoryBus;
  readonly operator: string;
  /** Ed25519, raw: what its owners know the network by. */
  readonly networkKey: Uint8Array;
  readonly lifecycle: Lifecycle;
  call(method: string, path: string, ask?: Ask): Promise<Answer>;
  /** A call that must succeed. */
  must(method: string, path: string, ask?: Ask): Promise<Answer>;
};

export type Token = { readonly text: string; readonly tokenId: string; readonly sha256: string };

const ids = createRandomIds();

export const newToken = (): Token => {
  const secret = randomBytes(32).toString('base64url');
  const tokenId = ids.uuid();
  return { tokenId, text: `hcc_${tokenId}_${secret}`, sha256: createHash('sha256').update(secret).digest('hex') };
};

export type BootOptions = {
  readonly store?: EventStore;
  readonly ground?: Partial<Ground>;
  readonly log?: Log;
  readonly atLeastWaitMs?: number;
  readonly rateLimits?: RateLimits;
  readonly imageCacheDir?: string;
  /** What keys go into; else one in memory. */
  readonly vault?: KeyVault;
  readonly metricsAt?: { readonly host: string; readonly port: number };
  /** Where the signed heads go, and who signs them; else into the test's own directory. */
  readonly heads?: { readonly file: string; readonly key: KeyObject };
  /** Of a store that was founded before. */
  readonly simulatedRootSha256?: string;
};

const testNetwork = ({ heads, simulatedRootSha256 }: BootOptions): NetworkTerms => ({
  ...{ name: 'test', kind: 'simulated', simulatedRootSha256: simulatedRootSha256 ?? '0'.repeat(64) },
  key: heads?.key ?? generateKeyPairSync('ed25519').privateKey,
});

const publicKeyOf = ({ key }: NetworkTerms): Uint8Array => createPublicKey(key).export({ format: 'raw-public' });

const inMemory = (store: EventStore, clock: Clock) => ({
  ...{ store, checkpoints: createMemoryCheckpoints(), leases: createMemoryLeases(clock) },
  close: () => store.close(),
});

const vaultOf = ({ vault = createMemoryKeyVault(randomBytes) }: BootOptions) => ({
  ...vault,
  close: async () => undefined,
});

/** The real orchestrator on memory adapters, listening on a port of its own, stopped with the test. */
export const boot = async (options: BootOptions = {}): Promise<Booted> => {
  const clock = createSystemClock();
  const log = options.log ?? silentLog;
  const store = options.store ?? createMemoryEventStore();
  const bus = createMemoryBus({ clock });
  const operator = newToken();
  const dir = mkdtempSync(join(tmpdir(), 'hcc-boot-'));
  const lifecycle = createLifecycle({ log, clock });
  const network = testNetwork(options);
  onTestFinished(async () => {
    await lifecycle.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const app = await startOrchestrator(
    {
      ...{ clock, ids, log },
      metrics: createMetrics(),
      openScheduler: async () => createInProcessScheduler({ clock, fired: () => undefined }),
      openStore: async () => inMemory(store, clock),
      connectBus: async () => bus.orchestrator,
      issueMinerJwt: async (minerId, key) => ({
        jwt: `jwt-of-${minerId}-${key}`,
        expiresAt: 0,
        servers: ['nats://x:1'],
      }),
      openVault: async () => vaultOf(options),
      openSimulated: async () => simulatedProcessor,
      passportSources: { evidence: null, endorse: null },
      openFolds: async (of, at) => openFoldFiles({ dir: at, store: of, build: 'test', everyEvents: 20, log }),
      ...options.ground,
    },
    {
      listenHost: '127.0.0.1',
      listenPort: 0,
      readModelDir: dir,
      logHeadsFile: options.heads?.file ?? join(dir, 'log-heads.ndjson'),
      operatorToken: operator,
      network,
      resultKey: generateKeyPairSync('ed25519').publicKey,
      reconcile: true,
      metricsAt: options.metricsAt ?? null,
      ...(options.atLeastWaitMs === undefined ? {} : { atLeastWaitMs: options.atLeastWaitMs }),
      ...(options.rateLimits === undefined ? {} : { rateLimits: options.rateLimits }),
      ...(options.imageCacheDir === undefined ? {} : { imageCacheDir: options.imageCacheDir }),
    },
    lifecycle,
  );
  const url = await app.getUrl();

  const call = async (method: string, path: string, ask: Ask = {}): Promise<Answer> => {
    const token = ask.token === undefined ? operator.text : ask.token;
    const body = ask.raw ?? (ask.body === undefined ? undefined : JSON.stringify(ask.body));
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...ask.headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
    });
    const text = await response.text();
    const answer = { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
    checkAnswer(method, path, answer.status, answer.body);
    return answer;
  };
  const must = async (method: string, path: string, ask?: Ask): Promise<Answer> => {
    const answer = await call(method, path, ask);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer;
  };
  return { url, store, bus, operator: operator.text, networkKey: publicKeyOf(network), lifecycle, call, must };
};

export const goodKey = `ssh-ed25519 ${Buffer.concat([
  Buffer.from([0, 0, 0, 11]),
  Buffer.from('ssh-ed25519'),
  Buffer.from([0, 0, 0, 32]),
  createHash('sha256').update('a key').digest(),
]).toString('base64')} ann@laptop`;

/** What a new network's bootstrap offers. */
export const seedFlavors = async ({ must }: Pick<Booted, 'must'>): Promise<void> => {
  for (const { flavorId, size, pricePerHour } of standardFlavors) {
    await must('POST', '/v1/flavors', { body: { flavorId, size, pricePerHour: pricePerHour.toString() } });
  }
};

/** An account with 20 credits, an SSH key and a token of its owner. */
export const furnished = async ({ must }: Booted): Promise<{ readonly accountId: string; readonly owner: string }> => {
  const accountId = ids.uuid();
  const token = newToken();
  await must('POST', '/v1/accounts', { body: { accountId, name: 'Ann' } });
  const at = `/v1/accounts/${accountId}`;
  await must('POST', `${at}/credits`, { body: { depositId: ids.uuid(), amount: '20000000' } });
  await must('POST', `${at}/ssh-keys`, { body: { publicKey: goodKey } });
  const { tokenId, sha256, text } = token;
  await must('POST', `${at}/tokens`, { body: { tokenId, sha256, role: 'owner', label: 'laptop' } });
  await seedFlavors({ must });
  return { accountId, owner: text };
};

export const newId = (): string => ids.uuid();

/** Types on a VM's stream, oldest first. */
export const typesOf = async (store: EventStore, vmId: string): Promise<readonly string[]> =>
  (await store.readStream(streamName('vm', vmId))).map(({ type }) => type);
