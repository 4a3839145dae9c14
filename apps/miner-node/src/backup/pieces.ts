import type { FileHandle } from 'node:fs/promises';
import { BackupError } from './manifest.ts';

/** Where a piece lies in a volume. */
export type Span = { readonly index: number; readonly offset: number; readonly length: number };

export const spanOf = (index: number, pieceBytes: number, volumeBytes: number): Span => {
  const offset = index * pieceBytes;
  return { index, offset, length: Math.min(pieceBytes, volumeBytes - offset) };
};

/** Fills `room` from the file. Rejects a file that ends before. */
export const readWhole = async (file: FileHandle, room: Uint8Array, offset: number): Promise<void> => {
  for (let at = 0; at < room.length; ) {
    const { bytesRead } = await file.read(room, at, room.length - at, offset + at);
    if (bytesRead === 0)
      throw new BackupError('volume-changed', `the volume ends at ${offset + at} while it is copied`);
    at += bytesRead;
  }
};

export const writeWhole = async (file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> => {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, offset + at);
    at += bytesWritten;
  }
};

/** Compared with itself one byte on: equal all along from a zero is zeros all along, without another buffer. */
export const isZeros = (bytes: Uint8Array): boolean =>
  bytes.length === 0 || (bytes[0] === 0 && Buffer.compare(bytes.subarray(1), bytes.subarray(0, -1)) === 0);

type Work = (index: number, room: Buffer) => Promise<void>;

/**
 * Does something for each index, some at a time, each of which has a room of its own: memory does not grow with a volume.
 * The first failure, or the signal, ends all; rejects with it once nothing goes on any more.
 */
export const eachPiece = async (
  { count, atOnce, roomBytes }: { readonly count: number; readonly atOnce: number; readonly roomBytes: number },
  signal: AbortSignal,
  work: Work,
): Promise<void> => {
  let next = 0;
  let failure: { readonly error: unknown } | null = null;
  const worker = async (): Promise<void> => {
    const room = Buffer.alloc(roomBytes);
    while (failure === null && next < count) {
      signal.throwIfAborted();
      next += 1;
      await work(next - 1, room);
    }
  };
  const guarded = (): Promise<void> =>
    worker().catch((error: unknown) => {
      failure ??= { error };
    });
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, guarded));
  const failed = failure as { readonly error: unknown } | null;
  if (failed !== null) throw failed.error;
};
