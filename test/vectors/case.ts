import { constants } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, sep } from 'node:path';
import { z } from 'zod';

/** What the bytes of one case say, found without a look at what the row expects. */
export type Judged = {
  /** The verdict, in the words of the kind's manifest: `valid`, `invalid`, a digest, `error`, `see file`. */
  readonly got: string;
  /** Why, for a person: the refusals by code, or what was verified. */
  readonly reason: string;
  /** Of a strict policy on top of the cryptography; wanted where the row names one. */
  readonly policyVerdict?: string;
  /** Facts of the row that differ from what verified bytes say, one sentence each; one is enough to fail the case. */
  readonly disagreements?: readonly string[];
};

/**
 * Judges one row of a manifest, whose files are named relative to `dir`. It parses the row itself (zod) and answers from
 * the bytes alone: `expect` is the runner's to compare. It throws {@link CaseFileError} for a file that cannot be read and
 * `ZodError` for a row it cannot read; both fail the case by that reason.
 */
export type Judge = (dir: string, row: unknown) => Promise<Judged>;

/** A file that a manifest names and that cannot be read, or must not be. */
export class CaseFileError extends Error {
  override readonly name = 'CaseFileError';
}

/** The largest file of one case: a big initrd. More would be somebody's disk. */
export const caseFileBytesMax = 512 * 1024 * 1024;
/** Fifty rows with all their facts are 80 KiB. */
export const manifestBytesMax = 16 * 1024 * 1024;
/** Rows of one manifest: at a millisecond each that is still seconds. */
export const casesMax = 10_000;

/** The bytes of a file that a row names. Refuses what is not a regular file inside `dir`, links followed. */
export const readCaseFile = async (dir: string, name: string, bytesMax = caseFileBytesMax): Promise<Uint8Array> => {
  const path = await casePath(dir, name);
  // Opened without waiting: a fifo in a folder of vectors must not stop the run.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const about = await file.stat();
    if (!about.isFile()) throw new CaseFileError(`${name} is no regular file`);
    if (about.size > bytesMax) throw new CaseFileError(`${name} has ${about.size} bytes; at most ${bytesMax} are read`);
    return await file.readFile();
  } finally {
    await file.close();
  }
};

/** Where a file that a row names is, for a judge that streams it. Refuses what lies outside `dir`, links followed. */
export const casePath = async (dir: string, name: string): Promise<string> => {
  if (name === '' || name.includes('\0') || isAbsolute(name) || name.split(/[/\\]/).includes('..')) {
    throw new CaseFileError(`"${name}" is no path inside the folder of its manifest`);
  }
  const path = join(dir, name);
  const [root, real] = await Promise.all([realpath(dir), realpath(path)]).catch((error: unknown) => {
    throw new CaseFileError(`${name} cannot be read: ${codeOf(error)}`);
  });
  if (!real.startsWith(root + sep)) throw new CaseFileError(`${name} is a link out of the folder of its manifest`);
  return real;
};

const rowSchema = z.looseObject({
  id: z.string().min(1).max(200),
  expect: z
    .looseObject({
      verdict: z.union([z.string().min(1), z.looseObject({})]),
      policy_verdict: z.string().nullish(),
    })
    .optional(),
});

const manifestSchema = z.looseObject({
  kind: z.string().min(1).max(50),
  cases: z.array(rowSchema).min(1).max(casesMax),
});

export type Row = z.infer<typeof rowSchema>;
export type Manifest = z.infer<typeof manifestSchema>;

/** A folder that is no folder of vectors, said so that a person can repair it. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
}

/** The manifest of a folder, or null where it has none. Throws {@link ManifestError} for one that cannot be read. */
export const readManifest = async (dir: string): Promise<Manifest | null> => {
  const file = join(dir, 'manifest.json');
  const about = await stat(file).catch(() => null);
  if (about === null) return null;
  const text = await readCaseFile(dir, 'manifest.json', manifestBytesMax).catch((error: unknown) => {
    throw new ManifestError(`${file}: ${error instanceof Error ? error.message : codeOf(error)}`);
  });
  const parsed = manifestSchema.safeParse(jsonOf(file, text));
  if (!parsed.success) throw new ManifestError(`${file}: ${z.prettifyError(parsed.error)}`);
  const ids = new Set<string>();
  for (const { id } of parsed.data.cases) {
    if (ids.has(id)) throw new ManifestError(`${file}: two cases are called ${id}`);
    ids.add(id);
  }
  return parsed.data;
};

const jsonOf = (file: string, bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ManifestError(`${file} is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);
