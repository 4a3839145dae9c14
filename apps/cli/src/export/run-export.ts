import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#events';
import { errnoOf } from '#host';
import { badAnswer, usageError } from '../cli-error.ts';
import type { EventPage, LogRange } from '../client/log.ts';
import { countText } from '../output/text.ts';
import { type ExportRow, rowOf } from './columns.ts';
import { exportPageEvents, progressEveryMs } from './limits.ts';
import { makeDirectory } from './make-directory.ts';
import {
  type AskedRange,
  type Encoding,
  type ExportFilter,
  type Manifest,
  manifestName,
  newManifest,
  readManifest,
  syncDir,
  writeManifest,
} from './manifest.ts';
import { openParquetPart } from './parquet-part.ts';
import type { PartWriter } from './part.ts';
import { openTextPart, textForms } from './text-part.ts';

export type ReadLog = (range: LogRange) => Promise<EventPage>;

export type ExportOptions = {
  readonly dir: string;
  readonly encoding: Encoding;
  readonly filter: ExportFilter;
  readonly asked: AskedRange;
  readonly readLog: ReadLog;
  readonly clock: Clock;
  /** Ends the export after the page at hand; what is written stays, and the same command goes on. */
  readonly signal: AbortSignal;
  readonly progress: (told: Progress) => void;
  /** Rows of one part at most. */
  readonly partRows: number;
};

export type Progress = { readonly rows: number; readonly rowsPerSecond: number; readonly lastAt: string | null };

export type ExportOutcome = {
  readonly manifest: Manifest;
  /** Rows that were there before this run. */
  readonly resumedRows: number;
};

/**
 * Exports a range of the log into a directory of parts and a manifest, or goes on with the one that is there. A part is
 * in the manifest once it is whole and on disk, so a crash or a full disk costs the part at hand and nothing else.
 * Refuses `export-differs` when the directory holds another export, `directory-not-empty` when it holds something else.
 */
export const runExport = async (options: ExportOptions): Promise<ExportOutcome> => {
  const { dir, readLog, clock, signal } = options;
  await makeDirectory(dir);
  // Without the filter: its positions may be another store's, which is told below as what it is.
  const { storeId } = await readLog({ after: null, until: null, categories: null, limit: 1 });
  const begun = await begin(options, storeId);
  const tell = createTeller(clock, begun.rows, options.progress);
  let manifest = begun;
  while (!manifest.complete && !signal.aborted) {
    const part = createPart(options, manifest.parts.length + 1);
    try {
      const { position, end } = await fill(part, manifest, options, tell);
      const done = await part.finish();
      const parts = done === null ? manifest.parts : [...manifest.parts, done];
      manifest = { ...manifest, parts, rows: manifest.rows + (done?.rows ?? 0), position, complete: end };
      await writeManifest(dir, manifest);
    } catch (error) {
      await part.abandon();
      throw errnoOf(error) === 'ENOSPC' || isDuckFull(error) ? diskFull(dir, manifest) : error;
    }
  }
  return { manifest, resumedRows: begun.rows };
};

/** Pages into a part until it is full, the range ends or somebody wants to stop. */
const fill = async (part: OpenPart, manifest: Manifest, options: ExportOptions, tell: Tell) => {
  const { filter, readLog, signal, partRows } = options;
  let { position } = manifest;
  let end = false;
  while (!end && !signal.aborted && part.rows() < partRows) {
    const limit = Math.min(exportPageEvents, partRows - part.rows());
    const page = await readLog({ ...filter, after: position, limit });
    const seqFrom = manifest.rows + part.rows() + 1;
    await part.write(page.items.map((event, at) => rowOf(event, seqFrom + at)));
    ({ position, end } = page);
    tell(manifest.rows + part.rows(), part.lastAt());
  }
  return { position, end };
};

type Tell = (rows: number, lastAt: string | null) => void;

const createTeller = (clock: Clock, rowsBefore: number, progress: ExportOptions['progress']): Tell => {
  const startedAt = clock.now();
  let toldAt = startedAt;
  return (rows, lastAt) => {
    const now = clock.now();
    if (now - toldAt < progressEveryMs) return;
    toldAt = now;
    progress({ rows, lastAt, rowsPerSecond: Math.round(((rows - rowsBefore) * 1_000) / (now - startedAt)) });
  };
};

/** The manifest to go on with. What was half written is removed. */
const begin = async ({ dir, encoding, filter, asked }: ExportOptions, storeId: string): Promise<Manifest> => {
  const found = await readManifest(dir);
  if (found === null) {
    const strangers = (await readdir(dir)).filter((name) => !isOurs(name));
    if (strangers.length === 0) return newManifest(storeId, encoding, { ...filter, asked });
    throw usageError('directory-not-empty', `${dir} holds something else than an export`, {
      observed: strangers.slice(0, 3).join(', '),
      wanted: 'an empty or new directory, or an export to go on with',
    });
  }
  for (const [what, observed, wanted] of [
    ['store', found.storeId, storeId],
    ['format', found.encoding, encoding],
    ['filter', JSON.stringify(found.filter), JSON.stringify(filter)],
  ] as const) {
    if (observed === wanted) continue;
    throw usageError('export-differs', `${dir} holds an export with another ${what}`, {
      observed,
      wanted,
      fix: 'export into another directory, or repeat the command that began this one',
    });
  }
  const known = new Set(found.parts.map(({ file }) => file));
  for (const name of await readdir(dir)) if (isPart(name) && !known.has(name)) await rm(join(dir, name));
  // The log may have grown: an export without an end goes on where it stands.
  return { ...found, asked: found.asked ?? asked, complete: found.complete && filter.until !== null };
};

const isPart = (name: string): boolean => /^part-\d{6}\.[a-z]+(\.partial)?$/.test(name);
const isOurs = (name: string): boolean => isPart(name) || name.startsWith(manifestName);

type OpenPart = ReturnType<typeof createPart>;

/** The next part, made with its first row: a range without rows makes no file. */
const createPart = ({ dir, encoding }: ExportOptions, number: number) => {
  const file = `part-${number.toString().padStart(6, '0')}.${encoding}`;
  const partial = join(dir, `${file}.partial`);
  let writer: PartWriter | null = null;
  let rows = 0;
  let first: ExportRow | undefined;
  let last: ExportRow | undefined;
  return {
    rows: () => rows,
    lastAt: () => last?.recorded_at ?? null,
    write: async (some: readonly ExportRow[]): Promise<void> => {
      if (some.length === 0) return;
      writer ??= await (encoding === 'parquet' ? openParquetPart(partial) : openTextPart(partial, textForms[encoding]));
      await writer.write(some);
      first ??= some[0];
      last = some.at(-1);
      rows += some.length;
    },
    finish: async () => {
      if (writer === null || first === undefined || last === undefined) return null;
      const { bytes, sha256 } = await writer.finish();
      writer = null;
      await rename(partial, join(dir, file));
      await syncDir(dir);
      return { file, rows, bytes, sha256, firstPosition: first.position, lastPosition: last.position };
    },
    abandon: async (): Promise<void> => {
      await writer?.abandon().catch(() => undefined);
      await rm(partial, { force: true });
    },
  };
};

const isDuckFull = (error: unknown): boolean => error instanceof Error && /No space left on device/.test(error.message);

const diskFull = (dir: string, { rows, parts }: Manifest): Error =>
  badAnswer('disk-full', `the disk of ${dir} is full`, {
    observed: `${countText(rows, 'row')} in ${countText(parts.length, 'whole part')} ${parts.length === 1 ? 'is' : 'are'} kept`,
    wanted: 'room for one more part',
    fix: 'make room and repeat the command: it goes on after the last whole part',
  });
