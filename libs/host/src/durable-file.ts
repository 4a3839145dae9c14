import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from './errors.ts';

/** Writes a file (0600 unless said otherwise) so that after any crash it holds either the old text or the new, and after this
 *  returns the new. Refuses as the file system does (ENOSPC, EACCES); the old file is then untouched. */
export const writeFileDurably = async (path: string, text: string, mode = 0o600): Promise<void> => {
  const dir = dirname(path);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const unfinished = `${path}.part`;
  try {
    const file = await open(unfinished, 'w', mode);
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

/** Gives a file of one directory another name there, in place of what had it; survives a power cut once it resolves. */
export const renameDurably = async (from: string, to: string): Promise<void> => {
  await rename(from, to);
  await syncDir(dirname(to));
};

/** Makes what somebody else wrote survive a power cut, the file and its name. */
export const syncFile = async (path: string): Promise<void> => {
  await syncOpened(path);
  await syncDir(dirname(path));
};

/** Makes a rename in this directory survive a power cut. */
export const syncDir = (path: string): Promise<void> => syncOpened(path);

const syncOpened = async (path: string): Promise<void> => {
  const opened = await open(path, 'r');
  try {
    await opened.sync();
  } catch (error) {
    // A pipe, or a file system that nobody writes: nothing of it is on its way to a disk.
    if (errnoOf(error) !== 'EINVAL' && errnoOf(error) !== 'EROFS') throw error;
  } finally {
    await opened.close();
  }
};
