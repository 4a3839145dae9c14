import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from '#host';

/**
 * Makes a directory that a person named, and those above it. Step by step, because Node's own `recursive` never ends where
 * the directory above is there and takes none (`/proc`): a fault of the system is thrown as it is told.
 */
export const makeDirectory = async (path: string): Promise<void> => {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return;
    if (errnoOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    await makeDirectory(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
};
