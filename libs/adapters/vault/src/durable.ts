import { link, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { limits } from './limits.ts';

/** Whatever else is in the directory is none of the vault's: what is written goes through a name of this form first. */
const temporary = (path: string, token: string): string => `${path}.${token}.part`;

/** Writes a file whole or not at all, mode 0600, in place of what was there; durable when it resolves. */
export const replaceFile = async (path: string, bytes: Uint8Array, token: string): Promise<void> => {
  const part = await writePart(path, bytes, token);
  await rename(part, path);
  await syncFolder(dirname(path));
};

/** As {@link replaceFile}, but never in place of anything: false when something was there. */
export const createFile = async (path: string, bytes: Uint8Array, token: string): Promise<boolean> => {
  const part = await writePart(path, bytes, token);
  try {
    await link(part, path);
    await syncFolder(dirname(path));
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(part, { force: true });
  }
};

/**
 * Overwrites and removes every file that was ever this one, also what a crash left half written beside it. Nothing that is
 * renamed into its place meanwhile is missed: each is taken away under another name first.
 */
export const destroyFile = async (path: string, token: string): Promise<void> => {
  const folder = dirname(path);
  const dying = `${path}.${token}.dying`;
  while (await moved(path, dying)) await overwrite(dying);
  for (const name of await readdir(folder)) {
    if (name.startsWith(`${basename(path)}.`)) await overwrite(join(folder, name));
  }
  await syncFolder(folder);
};

/** A small file's bytes; `null` when it is not there. Refuses a longer one than any of ours. */
export const readSmall = async (path: string): Promise<Buffer | null> => {
  const bytes = await readFile(path).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  });
  if (bytes !== null && bytes.length > limits.fileBytesMax) {
    throw new Error(`${path} has ${bytes.length} bytes, wanted at most ${limits.fileBytesMax}`);
  }
  return bytes;
};

export const isErrno = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/** A name in a folder is durable once the folder is. */
const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};

const writePart = async (path: string, bytes: Uint8Array, token: string): Promise<string> => {
  const part = temporary(path, token);
  const file = await open(part, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return part;
};

const moved = async (from: string, to: string): Promise<boolean> => {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
};

const overwrite = async (path: string): Promise<void> => {
  const file = await open(path, 'r+').catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  });
  if (file === null) return;
  try {
    const { size } = await file.stat();
    await file.write(Buffer.alloc(size), 0, size, 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await rm(path, { force: true });
};
