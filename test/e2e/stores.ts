import { createHash, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openKurrentStore } from '#adapters/kurrent';
import { openSqliteStore } from '#adapters/sqlite';
import { createRandomIds, createSystemClock } from '#adapters/system';
import { type ChainFault, type EventStore, findChainFault, genesisHash } from '#events';
import { type KurrentServer, startKurrentServer } from '../kurrent-server/server.ts';

// Which store a cluster under test keeps its record in: a file of its home, or a KurrentDB.

type StoreKind = 'sqlite' | 'kurrent';

const wanted = process.env.HCC_STORE ?? '';
if (wanted !== '' && wanted !== 'sqlite' && wanted !== 'kurrent') {
  throw new Error(`HCC_STORE is ${JSON.stringify(wanted)} for the end-to-end specs, wanted sqlite or kurrent`);
}

/** The store of a whole run of the specs. */
export const storeKind: StoreKind = wanted === 'kurrent' ? 'kurrent' : 'sqlite';

let server: Promise<KurrentServer> | null = null;

/** What `hcc up` is told of its store. A KurrentDB is the one KURRENTDB_URL names, or a test server that ends with this process. */
export const storeEnv = async (home: string): Promise<Readonly<Record<string, string>>> => {
  if (storeKind === 'sqlite') return { HCC_STORE: '' };
  const [, scheme = '', credentials, rest = ''] =
    /^([^:]+:\/\/)(?:([^@/?]*)@)?(.*)$/.exec(await kurrentUrl(home)) ?? [];
  const HCC_STORE = `${scheme}${rest}`;
  if (credentials === undefined) return { HCC_STORE };
  const file = join(home, 'store.credentials');
  writeFileSync(file, `${decodeURIComponent(credentials)}\n`, { mode: 0o600 });
  return { HCC_STORE, HCC_STORE_CREDENTIALS_FILE: file };
};

/** A store of its own for each home, the same whenever the home comes back. */
const kurrentUrl = async (home: string): Promise<string> => {
  const name = createHash('sha256').update(`${run}${home}`).digest('hex').slice(0, 32);
  const { KURRENTDB_URL: real = '' } = process.env;
  if (real === '') server ??= startKurrentServer();
  const base = server === null ? real : (await server).url;
  return `${base}${base.includes('?') ? '&' : '?'}store=${name}`;
};

const run = randomUUID();

/** Reads a cluster's whole log after its end and follows every stream's chain: how much there is, and the first fault. */
export const verifiedLog = async (
  home: string,
): Promise<{ readonly events: number; readonly fault: ChainFault | null }> => {
  const parts = { clock: createSystemClock(), ids: createRandomIds() };
  if (storeKind === 'sqlite') {
    const opened = await openSqliteStore({ file: join(home, 'store', 'hcc.sqlite'), ...parts });
    try {
      return await opened.verifyLog();
    } finally {
      await opened.close();
    }
  }
  const opened = await openKurrentStore({ url: await kurrentUrl(home), ...parts });
  try {
    return await followChains(opened.store);
  } finally {
    await opened.close();
  }
};

const followChains = async (store: EventStore): Promise<{ events: number; fault: ChainFault | null }> => {
  const ends = new Map<string, { revision: bigint; prevHash: string }>();
  let events = 0;
  for (let page = await store.readAll(); ; page = await store.readAll({ after: page.next })) {
    for (const event of page.events) {
      const from = ends.get(event.stream) ?? { revision: 0n, prevHash: genesisHash };
      const fault = findChainFault([event], from);
      if (fault !== null) return { events, fault };
      ends.set(event.stream, { revision: event.revision + 1n, prevHash: event.hash });
      events += 1;
    }
    if (page.end) return { events, fault: null };
  }
};
