import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { limits } from './limits.ts';
import type { ImageFile } from './manifest.ts';

/** SHA-256 and length of a file, read in pieces: memory does not grow with the file. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<ImageFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  const stream = createReadStream(path, {
    highWaterMark: limits.hashChunkBytes,
    ...(signal === undefined ? {} : { signal }),
  });
  for await (const chunk of stream) {
    if (!Buffer.isBuffer(chunk)) throw new Error('bug: a byte stream gave text');
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { sha256: hash.digest('hex'), bytes };
}
