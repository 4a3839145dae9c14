import { createPublicKey, type KeyObject } from 'node:crypto';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type LastHead, LogHeadInvalid, logHeadBytesMax, readHead } from '#events';

/** The file of signed heads: lines that are only ever added. */
export type HeadsFile = {
  /** The newest head; `null` when none was signed yet. */
  readonly last: LastHead | null;
  /** Resolves when the line is on disk. */
  add(line: string): Promise<void>;
  close(): Promise<void>;
};

/**
 * Opens a file of heads, made when it is not there. Half a line, which a crash leaves, is cut off: what it said is said
 * again by the next. Throws {@link LogHeadInvalid} when its last line was not signed by this key.
 */
export const openHeadsFile = async (path: string, key: KeyObject): Promise<HeadsFile> => {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'a+', 0o600);
  try {
    const line = await lastLine(file);
    const last = line === null ? null : { line, head: readHead(line, createPublicKey(key)) };
    return {
      last,
      add: async (next) => {
        await file.appendFile(`${next}\n`);
        await file.datasync();
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    if (error instanceof LogHeadInvalid) throw new LogHeadInvalid(`${path}: ${error.message}`);
    throw error;
  }
};

/** The last whole line; what follows it is cut off. */
const lastLine = async (file: FileHandle): Promise<string | null> => {
  const { size } = await file.stat();
  const from = Math.max(0, size - 2 * logHeadBytesMax);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
  const text = buffer.subarray(0, bytesRead);
  const end = text.lastIndexOf(0x0a);
  if (from + end + 1 < size) await file.truncate(from + end + 1);
  if (end <= 0) return null;
  return text.toString('utf8', text.lastIndexOf(0x0a, end - 1) + 1, end);
};
