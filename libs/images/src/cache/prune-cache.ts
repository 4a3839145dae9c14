import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from '#host';
import { limits } from '../limits.ts';
import { type CacheEntry, listCache, namesOf, placesOf } from './entries.ts';
import { readHolders } from './holders.ts';

export type PruneOptions = {
  readonly cacheDir: string;
  /** Most bytes of what is replaceable and nobody needs. */
  readonly bytesMax: number;
  readonly nowMs: number;
};

export type Pruned = {
  readonly removed: readonly CacheEntry[];
  /** What is left, replaceable or not. */
  readonly keptBytes: number;
};

/** Removes what was not used for longest until no more than `bytesMax` are left of what nobody needs. Never goes: what a
 *  holder needs, what a person built or imported, and what was used within the last hour, by a start that goes on. Removes
 *  the remains of a removal that was interrupted. Safe when several processes prune one cache. */
export async function pruneCache({ cacheDir, bytesMax, nowMs }: PruneOptions): Promise<Pruned> {
  return withLock(join(cacheDir, 'pruning'), async () => {
    await sweep(cacheDir);
    const entries = await listCache(cacheDir, await readHolders(cacheDir));
    const spare = entries.filter(({ neededBy, isReplaceable }) => isReplaceable && neededBy.length === 0);
    const removed: CacheEntry[] = [];
    let room = bytesMax;
    for (const entry of spare) {
      room -= entry.bytes;
      if (room >= 0 || nowMs - entry.usedAtMs < limits.cacheRecentMs) continue;
      await remove(entry);
      removed.push(entry);
    }
    const sum = (of: readonly CacheEntry[]): number => of.reduce((bytes, entry) => bytes + entry.bytes, 0);
    return { removed, keptBytes: sum(entries) - sum(removed) };
  });
}

const gone = '.removing-';

/** Whoever opens it finds all of it, or nothing. */
const remove = async ({ dir, digest }: CacheEntry): Promise<void> => {
  const aside = join(dir, '..', `${gone}${digest}`);
  await rename(dir, aside);
  await rm(aside, { recursive: true, force: true });
};

const sweep = async (cacheDir: string): Promise<void> => {
  for (const [, parent] of placesOf(cacheDir)) {
    for (const name of (await namesOf(parent)).filter((entry) => entry.startsWith(gone))) {
      await rm(join(parent, name), { recursive: true, force: true });
    }
  }
};
