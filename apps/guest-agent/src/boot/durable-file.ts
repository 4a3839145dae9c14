import { open, rename } from 'node:fs/promises';
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
  use: (file: Awaited<ReturnType<typeof open>>) => Promise<void>,
): Promise<void> => {
  const file = await open(path, flags, mode);
  try {
    await use(file);
    await file.sync();
  } finally {
    await file.close();
  }
};
