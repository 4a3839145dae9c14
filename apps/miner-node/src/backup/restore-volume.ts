import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { VmChunks } from '#events';
import { demandSpace, errnoOf, syncDir } from '#host';
import { limits } from '../limits.ts';
import { BackupError, decodeManifest, digestOf, type Manifest } from './manifest.ts';
import { eachPiece, readWhole, spanOf, writeWhole } from './pieces.ts';

export type RestorePlan = {
  readonly vmId: string;
  readonly manifestSha256: string;
  /** Path of the volume it becomes; one that is there stays until the other is whole. */
  readonly volume: string;
  readonly diskBytesMax: number;
  readonly chunks: VmChunks;
};

/**
 * Makes a volume of what the store has, each piece held against the list and the list against its digest. One that was
 * interrupted goes on where it was, and pieces that the volume here has already are not fetched. Resolves to its size,
 * with the old volume replaced; until then that one is as it was.
 */
export const restoreVolume = async (plan: RestorePlan, signal: AbortSignal): Promise<{ readonly bytes: number }> => {
  const { vmId, manifestSha256, volume, diskBytesMax, chunks } = plan;
  const manifest = decodeManifest(await chunks.get(manifestSha256), vmId);
  const { volumeBytes, pieceBytes, pieces } = manifest;
  if (volumeBytes > diskBytesMax) {
    const words = `the backup has ${volumeBytes} bytes, and the VM's disk may have ${diskBytesMax}`;
    throw new BackupError('backup-too-large', words);
  }
  const unfinished = `${volume}.restore-${manifestSha256.slice(0, 16)}`;
  await removeOthers(volume, unfinished);
  const file = await openOrMake(unfinished);
  try {
    await file.truncate(volumeBytes);
    await demandSpace({ path: unfinished, bytes: pieces.filter((piece) => piece !== null).length * pieceBytes });
    const old = await open(volume, 'r').catch(unlessMissing);
    try {
      await fill({ file, old, manifest, chunks }, signal);
    } finally {
      await old?.close();
    }
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, volume);
  await syncDir(dirname(volume));
  return { bytes: volumeBytes };
};

type Filling = {
  readonly file: FileHandle;
  readonly old: FileHandle | null;
  readonly manifest: Manifest;
  readonly chunks: VmChunks;
};

const fill = async ({ file, old, manifest, chunks }: Filling, signal: AbortSignal): Promise<void> => {
  const { volumeBytes, pieceBytes, pieces } = manifest;
  const oldBytes = old === null ? 0 : (await old.stat()).size;
  const parts = { count: pieces.length, atOnce: limits.backupAtOnce, roomBytes: pieceBytes };
  await eachPiece(parts, signal, async (index, room) => {
    const sha256 = pieces[index] ?? null;
    if (sha256 === null) return;
    const { offset, length } = spanOf(index, pieceBytes, volumeBytes);
    const bytes = room.subarray(0, length);
    const isIn = async (source: FileHandle): Promise<boolean> => {
      await readWhole(source, bytes, offset);
      return digestOf(bytes) === sha256;
    };
    if (await isIn(file)) return;
    if (old !== null && offset + length <= oldBytes && (await isIn(old))) return writeWhole(file, bytes, offset);
    const piece = await chunks.get(sha256);
    if (piece.length !== length) {
      const words = `piece ${sha256} has ${piece.length} bytes, and the list wants ${length}`;
      throw new BackupError('backup-malformed', words);
    }
    await writeWhole(file, piece, offset);
  });
};

const openOrMake = async (path: string): Promise<FileHandle> =>
  (await open(path, 'r+').catch(unlessMissing)) ?? (await open(path, 'wx+', 0o600));

/** What another restore left behind. */
const removeOthers = async (volume: string, unfinished: string): Promise<void> => {
  const dir = dirname(volume);
  for (const name of await readdir(dir)) {
    const path = join(dir, name);
    if (name.startsWith(`${basename(volume)}.restore-`) && path !== unfinished) await rm(path, { force: true });
  }
};

const unlessMissing = (error: unknown): null => {
  if (errnoOf(error) === 'ENOENT') return null;
  throw error;
};
