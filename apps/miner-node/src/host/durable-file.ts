import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from '#host';

/** Writes a file (0600) so that after any crash it holds either the old text or the new, and after this returns the new.
 *  Refuses as the file system does (ENOSPC, EACCES); the old file is then untouched. */
export const writeFileDurably = async (path: string, text: string): Promise<void> => {
  const dir = dirname(path);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const unfinished = `${path}.new`;
  try {
    const file = await open(unfinished, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  await syncDir(dir);
};

/** Makes a rename in this directory survive a power cut. */
export const syncDir = async (path: string): Promise<void> => {
  const dir = await open(path, 'r');
  try {
    await dir.sync();
  } finally {
    await dir.close();
  }
};

/** The text of a file, `null` when there is none. Refuses one longer than `bytesMax`, naming it. */
export const readSmallFile = async (path: string, bytesMax: number): Promise<string | null> => {
  try {
    const { size } = await stat(path);
    if (size > bytesMax) throw new Error(`${path} has ${size} bytes, wanted at most ${bytesMax}`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
};
