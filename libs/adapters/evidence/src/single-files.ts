import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryMs } from './limits.ts';

// The older form: a file for each piece of evidence, under the first two digits of its digest. It is read until its time is
// over, and not written any more.

const SHA256 = /^[0-9a-f]{64}$/;
const FOLDER = /^[0-9a-f]{2}$/;

export const readSingle = (dir: string, sha256: string): Promise<Uint8Array | null> =>
  readFile(join(dir, sha256.slice(0, 2), sha256)).catch(absent);

/** Removes what is dated before `than`, and at `now` what a crash left half; how many pieces. */
export const dropSingles = async (dir: string, than: number, now: number): Promise<number> => {
  let dropped = 0;
  for (const folder of await readdir(dir)) {
    if (!FOLDER.test(folder)) continue;
    for (const name of await readdir(join(dir, folder))) {
      const path = join(dir, folder, name);
      const keptAt = await stat(path).then(({ mtimeMs }) => mtimeMs, absent);
      const isTemporary = !SHA256.test(name);
      if (keptAt === null || keptAt >= (isTemporary ? now - temporaryMs : than)) continue;
      await rm(path, { force: true });
      dropped += isTemporary ? 0 : 1;
    }
  }
  return dropped;
};

const absent = (error: NodeJS.ErrnoException): null => {
  if (error.code === 'ENOENT') return null;
  throw error;
};
