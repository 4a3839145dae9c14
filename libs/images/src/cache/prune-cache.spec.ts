import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type CacheKind, listCache, markFetched, markUsed } from './entries.ts';
import { readHolders, sayNeeded } from './holders.ts';
import { pruneCache } from './prune-cache.ts';

const hour = 3_600_000;
const nowMs = Date.UTC(2026, 10, 21, 12);
const digestOf = (letter: string): string => letter.repeat(64);
const folders: Readonly<Record<CacheKind, string>> = { image: 'images', boot: 'boots', hccam: 'hccam' };

const given = async () => {
  const cacheDir = await mkdtemp(join(tmpdir(), 'hcc-cache-'));
  onTestFinished(() => rm(cacheDir, { recursive: true }));
  const miner = join(cacheDir, 'a-miner');
  await mkdir(miner);
  const add = async (kind: CacheKind, letter: string, hoursAgo: number, bytes = 100): Promise<string> => {
    const dir = join(cacheDir, folders[kind], digestOf(letter));
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, 'vmlinuz'), Buffer.alloc(bytes));
    await utimes(dir, (nowMs - hoursAgo * hour) / 1_000, (nowMs - hoursAgo * hour) / 1_000);
    return dir;
  };
  const prune = async (bytesMax: number) => {
    const { removed, keptBytes } = await pruneCache({ cacheDir, bytesMax, nowMs });
    return { removed: removed.map(({ digest }) => digest[0]), keptBytes };
  };
  const left = async (kind: CacheKind) => (await readdir(join(cacheDir, folders[kind]))).map((name) => name[0]).sort();
  return { cacheDir, miner, add, prune, left };
};

describe('a cache of images', () => {
  test('given more than it may have / when it is pruned / then what was not used for longest goes', async () => {
    const { add, prune, left } = await given();
    await add('boot', 'a', 50);
    const b = await add('boot', 'b', 60);
    await add('hccam', 'c', 40);
    await markUsed(b, nowMs - 2 * hour);
    expect(await prune(200)).toEqual({ removed: ['a'], keptBytes: 200 });
    expect([await left('boot'), await left('hccam')]).toEqual([['b'], ['c']]);
    expect(await prune(200)).toEqual({ removed: [], keptBytes: 200 });
  });

  test('given what a VM may boot again, of this miner or of another / when there is room for nothing / then it stays', async () => {
    const { cacheDir, miner, add, prune, left } = await given();
    for (const letter of ['a', 'b', 'c']) await add('boot', letter, 1_000);
    await sayNeeded(cacheDir, { dir: miner, digests: [digestOf('a')] });
    await sayNeeded(cacheDir, { dir: cacheDir, digests: [digestOf('b'), digestOf('f')] });
    expect((await prune(0)).removed).toEqual(['c']);
    expect(await left('boot')).toEqual(['a', 'b']);
  });

  test('given a holder whose directory is gone / when it is pruned / then nobody needs what that one did', async () => {
    const { cacheDir, miner, add, prune } = await given();
    await add('boot', 'a', 1_000);
    await sayNeeded(cacheDir, { dir: miner, digests: [digestOf('a')] });
    await rm(miner, { recursive: true });
    expect((await prune(0)).removed).toEqual(['a']);
    expect(await readHolders(cacheDir)).toEqual([]);
    expect(await readdir(join(cacheDir, 'needed-by'))).toEqual([]);
  });

  test('given words of a holder that cannot be read / when it is pruned / then nothing goes and the file is named', async () => {
    const { cacheDir, add, prune, left } = await given();
    await add('boot', 'a', 1_000);
    await mkdir(join(cacheDir, 'needed-by'));
    await writeFile(join(cacheDir, 'needed-by', 'x.json'), '{"dir":');
    await expect(prune(0)).rejects.toThrow(/needed-by\/x\.json does not say who needs what/);
    expect(await left('boot')).toEqual(['a']);
  });

  test('given a start that goes on / when there is room for nothing / then what it was just given stays', async () => {
    const { add, prune } = await given();
    await add('boot', 'a', 0.5);
    expect((await prune(0)).removed).toEqual([]);
  });

  test('given images / when there is room for nothing / then a fetched one goes, and one that a person made stays', async () => {
    const { cacheDir, add, prune, left } = await given();
    await add('image', 'a', 1_000);
    const fetched = await add('image', 'b', 1_000);
    await markFetched(fetched);
    await markUsed(fetched, nowMs - 1_000 * hour);
    expect((await listCache(cacheDir, [])).map(({ digest, isReplaceable }) => [digest[0], isReplaceable])).toEqual([
      ['a', false],
      ['b', true],
    ]);
    expect((await prune(0)).removed).toEqual(['b']);
    expect(await left('image')).toEqual(['a']);
  });

  test('given a removal that was interrupted / when it is pruned again / then its remains go; pointers and builds stay', async () => {
    const { cacheDir, add, prune } = await given();
    await add('boot', 'a', 2);
    for (const name of [`.removing-${digestOf('b')}`, '.build-x', 'recipes']) {
      await mkdir(join(cacheDir, 'boots', name));
    }
    await prune(1_000);
    expect((await readdir(join(cacheDir, 'boots'))).sort()).toEqual(['.build-x', digestOf('a'), 'recipes']);
  });

  test('given no cache yet / when it is pruned / then there is nothing to do', async () => {
    const { prune } = await given();
    expect(await prune(0)).toEqual({ removed: [], keptBytes: 0 });
  });
});
