import { readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '#host';
import { bootsDir } from '../guest-boot/boots.ts';
import { imagesDir } from '../store.ts';
import type { Holder } from './holders.ts';

/** `image`: what VMs are made of. `boot`: what sealed VMs start from. `hccam`: a miner's system VM. */
export type CacheKind = 'image' | 'boot' | 'hccam';

/** One directory of a cache. */
export type CacheEntry = {
  readonly kind: CacheKind;
  readonly digest: string;
  readonly dir: string;
  readonly bytes: number;
  /** When it was last started from, or made. */
  readonly usedAtMs: number;
  /** The directories of the miners and homes that need it. */
  readonly neededBy: readonly string[];
  /** It can be had again without anybody's help: it was fetched, or is made of the sources of a build. */
  readonly isReplaceable: boolean;
};

/** Everything of a cache that has a digest, the one that was used last first. */
export async function listCache(cacheDir: string, holders: readonly Holder[]): Promise<readonly CacheEntry[]> {
  const entries: CacheEntry[] = [];
  for (const [kind, parent] of placesOf(cacheDir)) {
    for (const digest of (await namesOf(parent)).filter((name) => /^[0-9a-f]{64}$/.test(name))) {
      const dir = join(parent, digest);
      const found = await sizeOf(dir);
      if (found === undefined) continue;
      const neededBy = holders.filter(({ digests }) => digests.includes(digest)).map((holder) => holder.dir);
      const isReplaceable = kind !== 'image' || found.names.includes(fetchedMark);
      entries.push({ kind, digest, dir, neededBy, isReplaceable, bytes: found.bytes, usedAtMs: found.usedAtMs });
    }
  }
  return entries.sort((a, b) => b.usedAtMs - a.usedAtMs || (a.dir < b.dir ? -1 : 1));
}

export const placesOf = (cacheDir: string): readonly (readonly [CacheKind, string])[] => [
  ['image', imagesDir(cacheDir)],
  ['boot', bootsDir(cacheDir)],
  ['hccam', join(cacheDir, 'hccam')],
];

/** Notes that a directory of the cache is used now, as the time of the directory itself: its files stay as they are. A cache
 *  that somebody else owns keeps no such note. */
export async function markUsed(dir: string, nowMs: number): Promise<void> {
  await utimes(dir, nowMs / 1_000, nowMs / 1_000).catch((error: unknown) => {
    if (!['EACCES', 'EPERM', 'EROFS', 'ENOENT'].includes(errnoOf(error) ?? '')) throw error;
  });
}

/** Beside the files of an image that came from elsewhere, and so can again. */
const fetchedMark = '.fetched';

/** Marks an image as one that was fetched: it may go when there is no room, where one that a person built or imported stays. */
export const markFetched = (dir: string): Promise<void> => writeFile(join(dir, fetchedMark), '');

export const namesOf = (dir: string): Promise<readonly string[]> =>
  readdir(dir).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  });

/** Nothing for a directory that went away meanwhile. */
const sizeOf = async (dir: string) => {
  try {
    const [names, { mtimeMs }] = [await readdir(dir), await stat(dir)];
    let bytes = 0;
    for (const name of names) bytes += (await stat(join(dir, name))).size;
    return { names, bytes, usedAtMs: mtimeMs };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
};
