import { type FileHandle, open } from 'node:fs/promises';
import type { BackupCopy } from '#domain';
import type { VmChunks } from '#events';
import { errnoOf } from '#host';
import { limits } from '../limits.ts';
import { BackupError, digestOf, encodeManifest } from './manifest.ts';
import { eachPiece, isZeros, readWhole, spanOf } from './pieces.ts';

export type CopyPlan = {
  readonly vmId: string;
  readonly backupId: string;
  /** Path of the volume; nothing runs on it. */
  readonly volume: string;
  readonly chunks: VmChunks;
};

/**
 * Copies a volume into the store: what is there already is not sent, so one that was interrupted goes on where it was.
 * Whole when it resolves: the list that names every piece is put last. Rejects a volume that somebody writes meanwhile.
 */
export const copyVolume = async (plan: CopyPlan, signal: AbortSignal): Promise<BackupCopy> => {
  const file = await openVolume(plan);
  try {
    return await copy(plan, file, signal);
  } finally {
    await file.close();
  }
};

const copy = async ({ vmId, backupId, chunks }: CopyPlan, file: FileHandle, signal: AbortSignal) => {
  const pieceBytes = limits.backupPieceBytes;
  const before = await file.stat();
  const count = Math.ceil(before.size / pieceBytes);
  if (count > limits.backupPiecesMax) {
    throw new BackupError(
      'volume-too-large',
      `the volume has ${before.size} bytes, and at most ${limits.backupPiecesMax * pieceBytes} can be backed up`,
    );
  }
  const pieces = new Array<string | null>(count).fill(null);
  let newBytes = 0;
  await eachPiece({ count, atOnce: limits.backupAtOnce, roomBytes: pieceBytes }, signal, async (index, room) => {
    const { offset, length } = spanOf(index, pieceBytes, before.size);
    const bytes = room.subarray(0, length);
    await readWhole(file, bytes, offset);
    if (isZeros(bytes)) return;
    const sha256 = digestOf(bytes);
    pieces[index] = sha256;
    if (await chunks.has(sha256)) return;
    await chunks.put(sha256, bytes);
    newBytes += length;
  });
  const after = await file.stat();
  if (after.mtimeMs !== before.mtimeMs || after.size !== before.size) {
    throw new BackupError('volume-changed', 'the volume was written to while it was copied; nothing may run on it');
  }
  const manifest = encodeManifest({ vmId, backupId, volumeBytes: before.size, pieceBytes, pieces });
  await chunks.put(manifest.sha256, manifest.bytes);
  return { manifestSha256: manifest.sha256, bytes: before.size, chunks: count, newBytes };
};

const openVolume = async ({ vmId, volume }: CopyPlan): Promise<FileHandle> => {
  try {
    return await open(volume, 'r');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new BackupError('no-disk', `this host holds no volume of VM ${vmId}`);
  }
};
