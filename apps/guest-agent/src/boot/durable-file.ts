import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Puts bytes at a path so that after a crash there is the old file or the new one, whole; it returns once they are on disk. */
export const writeDurably = (path: string, bytes: Uint8Array | string, mode: number): void => {
  const beside = `${path}.new`;
  synced(beside, 'w', mode, (file) => writeFileSync(file, bytes));
  renameSync(beside, path);
  synced(dirname(path), 'r', mode, () => undefined);
};

const synced = (path: string, flags: string, mode: number, use: (file: number) => void): void => {
  const file = openSync(path, flags, mode);
  try {
    use(file);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};

/** Writes all of it, however many calls that takes. */
export const writeAll = async (file: FileHandle, bytes: Uint8Array, from: number): Promise<void> => {
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes, at, bytes.length - at, from + at)).bytesWritten;
  }
};
