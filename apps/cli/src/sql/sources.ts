import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '#events';
import { usageError } from '../cli-error.ts';
import { rowOf } from '../export/columns.ts';
import { createRowsTable, type Duck, openAppender, openDuck, sqlText } from '../export/duckdb.ts';
import { exportPageEvents, progressEveryMs } from '../export/limits.ts';
import { readManifest } from '../export/manifest.ts';
import { tableOf } from '../export/read-part.ts';
import type { ReadLog } from '../export/run-export.ts';

/** A database with the table `events` in it. */
export type SqlSource = { readonly duck: Duck; close(): Promise<void> };

export type LogOptions = {
  /** Looks at the question over the empty table: nobody shall wait for a log to hear of a typing mistake. */
  readonly before: (duck: Duck) => Promise<void>;
  readonly readLog: ReadLog;
  readonly clock: Clock;
  readonly progress: (rows: number) => void;
};

/** The whole log, fetched into a file of its own that is gone afterwards. */
export const openLog = async (
  { before: check, readLog, clock, progress }: LogOptions,
  signal: AbortSignal,
): Promise<SqlSource> => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-sql-'));
  const remove = () => rm(dir, { recursive: true, force: true });
  try {
    const duck = await openDuck(join(dir, 'log.duckdb'));
    await createRowsTable(duck, 'events');
    // Before the question is looked at: a look at it may already open what it names.
    await closeDoors(duck, []);
    await check(duck);
    const appender = await openAppender(duck, 'events');
    let position: string | null = null;
    let rows = 0;
    let toldAt = clock.now();
    for (let end = false; !end; ) {
      signal.throwIfAborted();
      const page = await readLog({ after: position, until: null, categories: null, limit: exportPageEvents });
      const before = rows;
      appender.append(page.items.map((event, at) => rowOf(event, before + at + 1)));
      rows += page.items.length;
      ({ position, end } = page);
      if (clock.now() - toldAt < progressEveryMs) continue;
      toldAt = clock.now();
      progress(rows);
    }
    appender.close();
    return {
      duck,
      close: async () => {
        duck.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
};

/** An export's parts as one table. Refuses `no-export`; the parts of an unfinished one are there as far as they go. */
export const openExport = async (dir: string): Promise<SqlSource> => {
  const manifest = await readManifest(dir);
  if (manifest === null) {
    throw usageError('no-export', `there is no export in ${dir}`, {
      wanted: 'a directory that "hcc export" wrote',
      fix: `hcc export --out ${dir} --format parquet`,
    });
  }
  const duck = await openDuck();
  const { encoding } = manifest;
  const parts = manifest.parts.map(({ file }) => join(dir, file));
  if (parts.length === 0) await createRowsTable(duck, 'events');
  else await duck.connection.run(`CREATE VIEW events AS SELECT * FROM ${tableOf(parts, encoding)}`);
  await closeDoors(duck, [dir]);
  return { duck, close: async () => duck.close() };
};

/** From here on a query reads the log and nothing else of this machine. */
const closeDoors = async ({ connection }: Duck, dirs: readonly string[]): Promise<void> => {
  await connection.run(`SET allowed_directories = [${dirs.map(sqlText).join(', ')}]`);
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
};
