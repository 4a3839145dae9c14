import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errnoOf } from '#host';
import { limits } from '../limits.ts';

/** Who needs an image of a cache: the directory of a miner or of a home. Several share one cache. */
export type Holder = { readonly dir: string; readonly digests: readonly string[] };

const holder = z.strictObject({
  dir: z.string().min(1).max(4_096),
  digests: z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(limits.holderDigestsMax),
});

const holdersDir = (cacheDir: string): string => join(cacheDir, 'needed-by');

/** Says what the images are that `dir` needs, in place of what it said before: nobody's pruning removes those, as long as
 *  `dir` is there. All or nothing. Refuses as the file system does. */
export async function sayNeeded(cacheDir: string, { dir, digests }: Holder): Promise<void> {
  const name = createHash('sha256').update(dir).digest('hex').slice(0, 32);
  await mkdir(holdersDir(cacheDir), { recursive: true });
  const path = join(holdersDir(cacheDir), `${name}.json`);
  const unfinished = `${path}.${process.pid}.new`;
  await writeFile(unfinished, JSON.stringify(holder.parse({ dir, digests: [...new Set(digests)].sort() })), {
    flush: true,
  });
  await rename(unfinished, path);
}

/** The holders of a cache whose directory is still there; the words of others are removed. One that cannot be read is an
 *  error: what it needs is not known, so nothing may go. */
export async function readHolders(cacheDir: string): Promise<readonly Holder[]> {
  const names = await readdir(holdersDir(cacheDir)).catch(noneIfAbsent);
  const holders: Holder[] = [];
  for (const name of names.filter((entry) => entry.endsWith('.json'))) {
    const path = join(holdersDir(cacheDir), name);
    const said = holderOf(await readFile(path, 'utf8'), path);
    if (await isThere(said.dir)) holders.push(said);
    else await rm(path, { force: true });
  }
  return holders;
}

const holderOf = (text: string, path: string): Holder => {
  try {
    return holder.parse(JSON.parse(text));
  } catch {
    throw new Error(`${path} does not say who needs what, so nothing of this cache is removed; remove that file`);
  }
};

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: unknown) => errnoOf(error) !== 'ENOENT',
  );

const noneIfAbsent = (error: unknown): readonly string[] => {
  if (errnoOf(error) === 'ENOENT') return [];
  throw error;
};
