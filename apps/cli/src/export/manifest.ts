import { open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { errnoOf } from '#host';
import { usageError } from '../cli-error.ts';
import { columnNames } from './columns.ts';
import { manifestBytesMax } from './limits.ts';

export const encodings = ['ndjson', 'csv', 'parquet'] as const;
export type Encoding = (typeof encodings)[number];

/** What was wanted. An export goes on only as the same one. */
const filter = z.strictObject({
  categories: z.array(z.string()).nullable(),
  /** The log after this position; `null` from its beginning. */
  after: z.string().nullable(),
  /** Up to and with this position; `null` as far as the log goes. */
  until: z.string().nullable(),
});
export type ExportFilter = z.infer<typeof filter>;

/** `--from` and `--to` in the words of the command. An age names another position in every run; the first run's counts. */
const asked = z.strictObject({ from: z.string().nullable(), to: z.string().nullable() });
export type AskedRange = z.infer<typeof asked>;

const part = z.strictObject({
  file: z.string().regex(/^part-\d{6}\.(ndjson|csv|parquet)$/),
  rows: z.int().positive(),
  bytes: z.int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  firstPosition: z.string(),
  lastPosition: z.string(),
});
export type ExportPart = z.infer<typeof part>;

const manifest = z.strictObject({
  format: z.literal('hcc-export'),
  version: z.literal(1),
  encoding: z.enum(encodings),
  columns: z.array(z.string()),
  storeId: z.string(),
  filter,
  /** Not in the manifests of older builds. */
  asked: asked.optional(),
  parts: z.array(part),
  rows: z.int().nonnegative(),
  /** The log up to here is in the parts; where the export goes on. */
  position: z.string().nullable(),
  /** Whether it reached the end that was wanted, or that the log had then. */
  complete: z.boolean(),
});
export type Manifest = z.infer<typeof manifest>;

export const manifestName = 'manifest.json';

export const newManifest = (
  storeId: string,
  encoding: Encoding,
  { asked, ...wanted }: ExportFilter & { readonly asked: AskedRange },
): Manifest => ({
  format: 'hcc-export',
  version: 1,
  encoding,
  columns: [...columnNames],
  storeId,
  filter: wanted,
  asked,
  parts: [],
  rows: 0,
  position: wanted.after,
  complete: false,
});

/** The manifest of a directory; `null` when it has none. Refuses `manifest-malformed` what this build did not write. */
export const readManifest = async (dir: string): Promise<Manifest | null> => {
  const path = join(dir, manifestName);
  let text: string;
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > manifestBytesMax) throw malformed(path, `${size} bytes`);
    text = await file.readFile('utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    if (errnoOf(error) === 'ENOTDIR') throw notADirectory(dir);
    throw error;
  }
  const parsed = manifest.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw malformed(path, `${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'not understood'}`);
};

/** Replaces the manifest whole or not at all. */
export const writeManifest = async (dir: string, next: Manifest): Promise<void> => {
  const path = join(dir, manifestName);
  const partial = `${path}.partial`;
  {
    await using file = await open(partial, 'w', 0o600);
    await file.writeFile(`${JSON.stringify(next, null, 2)}\n`);
    await file.sync();
  }
  await rename(partial, path);
  await syncDir(dirname(path));
};

/** Makes a rename in a directory durable. */
export const syncDir = async (dir: string): Promise<void> => {
  await using handle = await open(dir);
  await handle.sync();
};

const notADirectory = (dir: string): Error =>
  usageError('no-directory', `${dir} is not a directory`, {
    observed: 'a file',
    wanted: 'the directory of an export, or a name that is free',
    fix: 'hcc export --out log',
  });

const malformed = (path: string, observed: string): Error =>
  usageError('manifest-malformed', `${path} is not the manifest of an export`, {
    observed,
    wanted: 'what this version of "hcc export" writes',
    fix: 'export into another directory',
  });

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
