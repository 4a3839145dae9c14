import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from '#host';
import { usageError } from '../cli-error.ts';

/** Makes the directory of an export, and those above it. Refuses `directory-not-made` with what the system says to that. */
export const makeDirectory = async (path: string): Promise<void> => {
  try {
    await makeEach(path);
  } catch (error) {
    throw usageError('directory-not-made', `${path} cannot be made`, {
      observed: error instanceof Error ? error.message : String(error),
      wanted: 'a directory where this user may make one',
      fix: 'hcc export --out log',
    });
  }
};

/** Step by step: Node's own `recursive` never ends below a directory that is there and takes none (`/proc`). */
const makeEach = async (path: string): Promise<void> => {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return;
    if (errnoOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    await makeEach(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
};
