import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Cluster, Json } from './cluster.ts';
import { storeKind } from './stores.ts';

export type Recorded = { readonly type: string; readonly data: Json };

/**
 * Every event of a stream, oldest first: out of the record's file where it is one, which answers whether or not the
 * orchestrator does, and within a millisecond; else as the orchestrator tells it.
 */
export const recordedOn = async (cluster: Cluster, stream: string): Promise<readonly Recorded[]> => {
  if (storeKind === 'kurrent') return served(cluster, stream);
  const db = new Database(join(cluster.home, 'store', 'hcc.sqlite'), { readonly: true });
  try {
    const rows: readonly Json[] = db
      .prepare('SELECT type, data FROM events WHERE stream = ? ORDER BY revision')
      .all(stream);
    return rows.map(({ type, data }) => ({ type, data: JSON.parse(data) }));
  } finally {
    db.close();
  }
};

/** The n-th event of a type, as soon as it is recorded: looked for a thousand times a second. */
export const untilRecorded = async (
  cluster: Cluster,
  stream: string,
  { type, n, waitMs }: { readonly type: string; readonly n: number; readonly waitMs: number },
): Promise<Recorded> => {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const found = (await recordedOn(cluster, stream)).filter((event) => event.type === type)[n - 1];
    if (found !== undefined) return found;
    if (performance.now() > deadline)
      throw new Error(`not within ${waitMs / 1000} s: ${type} number ${n} on ${stream}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
};

const served = async (cluster: Cluster, stream: string): Promise<readonly Recorded[]> => {
  try {
    return (await cluster.call('GET', `/v1/streams/${stream}?limit=1000`)).body.items ?? [];
  } catch {
    return [];
  }
};
