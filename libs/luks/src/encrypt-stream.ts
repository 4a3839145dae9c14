import { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { writeAll } from './file-bytes.ts';
import { limits } from './limits.ts';
import { LuksError } from './luks-error.ts';
import { encryptSectors, type SectorKey } from './sectors.ts';

export type StreamTerms = {
  readonly source: AsyncIterable<Uint8Array>;
  readonly sourceBytes?: number | undefined;
  readonly sectorBytes?: 512 | 4096 | undefined;
  readonly progress?: ((plainBytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Encrypts a stream into a file from `offset` on and promises how many bytes of it there were. One slice is written while
 * the next is encrypted; the memory is theirs, whatever the length of the stream or of its pieces.
 */
export const encryptStream = async (
  file: FileHandle,
  offset: number,
  volumeKey: SectorKey,
  { source, sourceBytes, sectorBytes = 4096, progress, signal }: StreamTerms,
): Promise<number> => {
  // Before hours of encrypting, where it is known.
  if (sourceBytes !== undefined) wantWhole(sourceBytes, sectorBytes);
  const plain = Buffer.alloc(limits.sliceBytes);
  const out = [Buffer.alloc(limits.sliceBytes), Buffer.alloc(limits.sliceBytes)] as const;
  let filled = 0;
  let done = 0;
  let slices = 0;
  let written: Promise<void> = Promise.resolve();
  const flush = async (): Promise<void> => {
    const encrypted = out[slices % 2 === 0 ? 0 : 1].subarray(0, filled);
    encryptSectors(volumeKey, plain.subarray(0, filled), encrypted, done, sectorBytes);
    await written;
    written = writeAll(file, encrypted, offset + done);
    // Awaited by the next slice; until then it must not count as unhandled.
    written.catch(() => undefined);
    done += filled;
    filled = 0;
    slices += 1;
    progress?.(done);
  };
  try {
    for await (const piece of source) {
      for (let taken = 0; taken < piece.length; ) {
        signal?.throwIfAborted();
        const more = piece.subarray(taken, taken + plain.length - filled);
        plain.set(more, filled);
        taken += more.length;
        filled += more.length;
        wantLength(done + filled, 0, Math.min(sourceBytes ?? limits.dataBytesMax, limits.dataBytesMax));
        if (filled === plain.length) await flush();
      }
    }
    signal?.throwIfAborted();
    wantWhole(done + filled, sectorBytes);
    wantLength(done + filled, sourceBytes ?? 0, sourceBytes ?? limits.dataBytesMax);
    if (filled > 0) await flush();
    return done;
  } finally {
    plain.fill(0);
    await written;
  }
};

const wantLength = (bytes: number, min: number, max: number): void => {
  if (bytes >= min && bytes <= max) return;
  const wanted = bytes > max ? `at most ${max} bytes` : `${min} bytes`;
  throw new LuksError(
    'source-length',
    `the plaintext has another length than it said: ${bytes} bytes`,
    `${bytes} bytes`,
    wanted,
  );
};

const wantWhole = (bytes: number, sectorBytes: number): void => {
  if (bytes === 0) throw new LuksError('source-empty', 'the plaintext is empty', '0 bytes', 'a disk');
  if (bytes % sectorBytes === 0) return;
  throw new LuksError(
    'source-unaligned',
    `the plaintext has ${bytes} bytes, ${bytes % sectorBytes} more than whole sectors`,
    `${bytes} bytes`,
    `a multiple of ${sectorBytes} bytes`,
  );
};
