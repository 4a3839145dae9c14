import type { FileHandle } from 'node:fs/promises';

/** Writes all of `bytes` at a place of a file: one write may take fewer, when a disk is nearly full. */
export async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
  }
}
