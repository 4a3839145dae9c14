import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackupStore, BackupStoreError, type VmChunks } from '#events';
import { limits } from './limits.ts';
import { absent, demandBytes, demandName, demandVmId, isPieceName, unavailable, verified } from './piece.ts';

/** Backups in a directory of this machine, or of one that is mounted here: `<root>/<vmId>/<two digits>/<name>`, mode 0700. */
export const openBackupDirectory = (root: string): BackupStore => {
  const store = `dir:${root}`;
  let parts = 0;
  const part = (): string => `.${process.pid}-${++parts}.part`;
  return {
    name: store,
    chunksOf: (vmId) => {
      demandVmId(vmId);
      return chunksIn(join(root, vmId), store, part);
    },
  };
};

const chunksIn = (dir: string, store: string, part: () => string): VmChunks => {
  const folderOf = (sha256: string): string => join(dir, sha256.slice(0, 2));
  const pathOf = (sha256: string): string => join(folderOf(sha256), sha256);
  const guarded = async <Value>(what: string, sha256: string, work: () => Promise<Value>): Promise<Value> => {
    demandName(sha256);
    try {
      return await work();
    } catch (error) {
      if (error instanceof BackupStoreError) throw error;
      throw unavailable(store, `${what} ${sha256}`, error);
    }
  };
  const sizeOf = async (sha256: string): Promise<number | null> =>
    stat(pathOf(sha256)).then(({ size }) => size, unlessMissing(null));
  return {
    has: (sha256) => guarded('looking for', sha256, async () => (await sizeOf(sha256)) !== null),
    put: (sha256, bytes) =>
      guarded('writing', sha256, async () => {
        demandBytes(sha256, bytes);
        await writeWhole(dir, folderOf(sha256), sha256, bytes, part());
      }),
    get: (sha256) =>
      guarded('reading', sha256, async () => {
        const size = await sizeOf(sha256);
        if (size === null) throw absent(store, sha256);
        // What is too long is not read at all: it cannot be a piece.
        const bytes = size > limits.chunkBytesMax ? new Uint8Array() : await readFile(pathOf(sha256));
        return verified(store, sha256, bytes);
      }),
    list: async function* () {
      for (const folder of await readdir(dir).catch(unlessMissing<string[]>([]))) {
        for (const name of await readdir(join(dir, folder)).catch(unlessMissing<string[]>([]))) {
          if (isPieceName(name)) yield name;
        }
      }
    },
    remove: (sha256) =>
      guarded('removing', sha256, async () => {
        await rm(pathOf(sha256), { force: true });
        await syncFolder(folderOf(sha256)).catch(unlessMissing(undefined));
      }),
  };
};

/** Under a name of its own first, so that no reader and no crash ever meets a half-written piece. */
const writeWhole = async (vmDir: string, folder: string, name: string, bytes: Uint8Array, ending: string) => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const unfinished = join(folder, `${name}${ending}`);
  try {
    const file = await open(unfinished, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, join(folder, name));
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  await syncFolder(folder);
  await syncFolder(vmDir);
};

const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};

const unlessMissing =
  <Value>(instead: Value) =>
  (error: unknown): Value => {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
      return instead;
    }
    throw error;
  };
