import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Puts bytes at a path so that after a crash there is the old file or the new one, whole; it returns once they are on disk. */
export const writeDurably = async (path: string, bytes: Uint8Array | string, mode: number): Promise<void> => {
  const beside = `${path}.new`;
  await synced(beside, 'w', mode, (file) => file.writeFile(bytes));
  await rename(beside, path);
  await synced(dirname(path), 'r', mode, async () => undefined);
};

const synced = async (
  path: string,
  flags: string,
  mode: number,
  use: (file: FileHandle) => Promise<void>,
): Promise<void> => {
  const file = await open(path, flags, mode);
  try {
    await use(file);
    await file.sync();
  } finally {
    await file.close();
  }
};

/** Writes all of it, however many calls that takes. */
export const writeAll = async (file: FileHandle, bytes: Uint8Array, from: number): Promise<void> => {
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes, at, bytes.length - at, from + at)).bytesWritten;
  }
};
