import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { eventHash } from '#events';
import { errnoOf } from '#host';
import { usageError } from '../cli-error.ts';
import { eventOf } from './columns.ts';
import { type ExportPart, type Manifest, readManifest } from './manifest.ts';
import { hashOf } from './parquet-part.ts';
import { type ReadRow, readPart } from './read-part.ts';

export type ExportFault = {
  readonly file: string;
  readonly what: 'missing' | 'sha256' | 'rows' | 'row' | 'hash' | 'link';
  readonly observed: string;
  readonly wanted: string;
};

export type ExportReport = {
  /** Everything in it is as it was exported. It may be less than was wanted: {@link complete}. */
  readonly ok: boolean;
  readonly complete: boolean;
  readonly parts: number;
  readonly rows: number;
  readonly faults: readonly ExportFault[];
};

/** Faults told of one export; after that many it is no export any more. */
const faultsMax = 20;

/**
 * Reads a whole export back: every file against its checksum and row count, every row's hash against its own content, and
 * each stream's rows against one another. Needs no network: the hashes are the store's. Refuses `no-export`.
 */
export const verifyExport = async (dir: string, onPart: (file: string) => void): Promise<ExportReport> => {
  const manifest = await readManifest(dir);
  if (manifest === null) {
    throw usageError('no-export', `there is no export in ${dir}`, {
      wanted: 'a directory that "hcc export" wrote',
      fix: `hcc export --out ${dir}`,
    });
  }
  const faults: ExportFault[] = [];
  const heads = new Map<string, string>();
  let rows = 0;
  for (const part of manifest.parts) {
    onPart(part.file);
    for await (const fault of partFaults(dir, manifest, part, rows, heads)) {
      // What such a part held is not known, and what comes after it cannot be held against it.
      if (fault.what === 'missing' || fault.what === 'sha256') heads.clear();
      if (faults.length < faultsMax) faults.push(fault);
    }
    rows += part.rows;
  }
  return { ok: faults.length === 0, complete: manifest.complete, parts: manifest.parts.length, rows, faults };
};

async function* partFaults(
  dir: string,
  { encoding }: Manifest,
  part: ExportPart,
  rowsBefore: number,
  heads: Map<string, string>,
): AsyncGenerator<ExportFault> {
  const { file } = part;
  const path = join(dir, file);
  const missing = await stat(path).then(
    () => false,
    (error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return true;
      throw error;
    },
  );
  if (missing) return yield { file, what: 'missing', observed: 'no such file', wanted: `${part.bytes} bytes` };
  const { sha256 } = await hashOf(createReadStream(path));
  // What is in a file that is not the one we wrote says nothing more.
  if (sha256 !== part.sha256) return yield { file, what: 'sha256', observed: sha256, wanted: part.sha256 };
  let rows = 0;
  for await (const row of readPart(dir, file, encoding)) {
    rows += 1;
    const fault = rowFault(row, rowsBefore + rows, heads);
    if (fault !== null) yield { file, ...fault };
  }
  if (rows !== part.rows) yield { file, what: 'rows', observed: `${rows}`, wanted: `${part.rows}` };
}

const rowFault = (row: ReadRow, seq: number, heads: Map<string, string>): Omit<ExportFault, 'file'> | null => {
  const { stream, revision, hash, prev_hash: prevHash } = row;
  const at = `seq ${seq}, ${stream} at ${revision}`;
  if (row.seq !== `${seq}`) return { what: 'row', observed: `seq ${row.seq}`, wanted: `seq ${seq}` };
  const computed = hashOfRow(row);
  if (computed === null) return { what: 'row', observed: `${at}: not an event`, wanted: 'every column of an event' };
  if (computed !== hash) return { what: 'hash', observed: `${at}: ${hash}`, wanted: computed };
  const head = heads.get(stream ?? '');
  heads.set(stream ?? '', computed);
  if (head === undefined || head === prevHash) return null;
  return { what: 'link', observed: `${at}: after ${prevHash}`, wanted: `after ${head}` };
};

/** The hash that the event of this row has; `null` when it is none. */
const hashOfRow = (row: ReadRow): string | null => {
  const read = eventOf(row);
  return read === null ? null : eventHash(read.event, read.stream, read.revision, read.prevHash);
};
