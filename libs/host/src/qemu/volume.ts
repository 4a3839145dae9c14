import { mkdir, open, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import { errnoOf, HostError } from '../errors.ts';

/** Makes a sealed VM's volume: an empty file of `bytes` that takes no room before the guest writes to it. It is there
 *  complete or not at all, and for this user alone. What is in it later only its guest can read.
 *  Refuses with `disk-refused` a relative path, a file that is there, and a size the guest's sectors do not fit;
 *  with `disk-space-short` a host that could not hold it once it is full. */
export async function createVolume({ path, bytes }: VolumePlan): Promise<void> {
  if (!isAbsolute(path)) throw refused(path, 'not made', 'a relative path', 'an absolute one');
  checkSize(path, bytes, sectorBytes, 'not made');
  if ((await sizeOf(path)) !== null)
    throw refused(path, 'not made', 'it is there', 'a new file: remove it if it may go');
  const dir = dirname(path);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await demandSpace({ path, bytes });
  const unfinished = `${path}.new`;
  try {
    await rm(unfinished, { force: true });
    await resize(unfinished, bytes, 'wx');
    await rename(unfinished, path);
    await sync(dir);
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** Grows a volume to `bytes`, durably; one that has them already is left as it is. Nothing may run on it.
 *  Refuses with `disk-refused` one that is not there and a smaller size: a volume never shrinks, since nobody but its
 *  guest knows what its end holds; with `disk-space-short` as `createVolume` does. */
export async function growVolume({ path, bytes }: VolumePlan): Promise<void> {
  const has = await sizeOf(path);
  if (has === null) throw refused(path, 'not grown', 'it is not there', "the VM's volume");
  if (has === bytes) return;
  checkSize(path, bytes, has + sectorBytes, 'not grown');
  await demandSpace({ path, bytes });
  await resize(path, bytes, 'r+');
}

/** Promises room for what of a volume of `bytes` is not on the disk yet: a guest whose writes fail in the middle loses
 *  more than one that is not started. Refuses with `disk-space-short`, with both figures. */
export async function demandSpace({ path, bytes }: VolumePlan): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path));
  const wanted = bytes - (await allocatedOf(path));
  const free = bavail * bsize;
  if (free >= wanted) return;
  const message = `volume ${path} of ${bytes} bytes may take ${wanted} more, but ${free} are free at ${dirname(path)}; free some space, or offer less with HCC_MINER_DISK_BYTES`;
  throw new HostError('disk-space-short', message, { path, observed: free, wanted });
}

export type VolumePlan = { readonly path: string; readonly bytes: number };

/** What dm-crypt of the guest works in. */
const sectorBytes = 4_096;

function checkSize(path: string, bytes: number, atLeast: number, what: string): void {
  if (Number.isSafeInteger(bytes) && bytes >= atLeast && bytes % sectorBytes === 0) return;
  throw refused(path, what, `${bytes} bytes`, `a multiple of ${sectorBytes}, at least ${atLeast}`);
}

async function resize(path: string, bytes: number, flags: 'wx' | 'r+'): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    await file.truncate(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function sync(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function sizeOf(path: string): Promise<number | null> {
  return (await found(path))?.size ?? null;
}

/** What a sparse file really takes; 0 when there is none. */
async function allocatedOf(path: string): Promise<number> {
  return ((await found(path))?.blocks ?? 0) * 512;
}

function found(path: string): Promise<{ readonly size: number; readonly blocks: number } | null> {
  return stat(path).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  });
}

function refused(path: string, what: string, observed: string, wanted: string): HostError {
  return new HostError('disk-refused', `volume ${path} ${what}: ${observed}, wanted ${wanted}`, {
    ...{ path, observed, wanted },
  });
}
