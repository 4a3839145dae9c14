import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { keptFileBytesMax } from './limits.ts';

export interface Kept {
  readonly bytes: Uint8Array;
  readonly fetchedAtMs: number;
}

export interface KeptFiles {
  /** `null` for what was never kept, or cannot be read any more: it is fetched again. */
  readonly read: (name: string) => Promise<Kept | null>;
  readonly write: (name: string, kept: Kept) => Promise<void>;
}

const keptSchema = z.strictObject({ fetchedAtMs: z.int().min(0), base64: z.base64() });

/** What the key server gave, as files in a folder; each is whole or not there. Names come from addresses and never from a server. */
export const createKeptFiles = (folder: string): KeptFiles => ({
  read: async (name) => {
    const text = await readBounded(join(folder, `${name}.json`));
    const parsed = keptSchema.safeParse(text === null ? null : jsonOrNull(text));
    if (!parsed.success) return null;
    return { bytes: Buffer.from(parsed.data.base64, 'base64'), fetchedAtMs: parsed.data.fetchedAtMs };
  },
  write: async (name, { bytes, fetchedAtMs }) => {
    const path = join(folder, `${name}.json`);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const written = `${path}.${randomBytes(6).toString('hex')}`;
    await writeFile(written, JSON.stringify({ fetchedAtMs, base64: Buffer.from(bytes).toString('base64') }));
    await rename(written, path);
  },
});

const readBounded = async (path: string): Promise<string | null> => {
  const file = await open(path, 'r').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  });
  if (file === null) return null;
  try {
    return (await file.stat()).size > keptFileBytesMax ? null : await file.readFile('utf8');
  } finally {
    await file.close();
  }
};

const jsonOrNull = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
