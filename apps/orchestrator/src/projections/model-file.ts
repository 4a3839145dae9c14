import { rmSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { EventStore, Position } from '#events';
import { accounts } from './accounts.projection.ts';
import { attestations } from './attestations.projection.ts';
import { audit } from './audit.projection.ts';
import { devices } from './devices.projection.ts';
import { flavors } from './flavors.projection.ts';
import { images } from './images.projection.ts';
import { busyTimeoutMs, checkedWholeBytesMax, walBytesKept, walCheckpointPages } from './limits.ts';
import { miners } from './miners.projection.ts';
import { parked } from './parked.projection.ts';
import { policies } from './policies.projection.ts';
import { type Foldable, foldable } from './projection.ts';
import { createRows, type Rows } from './rows.ts';
import { rowsDdl } from './rows-ddl.ts';
import { createRowsSink, type RowsSink } from './rows-sink.ts';
import { streams } from './streams.projection.ts';
import { vms } from './vms.projection.ts';

/** Raise it whenever a table, a row or a fold changes: the old file is not read but rebuilt. */
export const readModelVersion = 16;

/** Every projection of the file. Together they are one consumer with one position, so an answer has one too. */
export const projections: readonly Foldable[] = [
  foldable(vms),
  foldable(accounts),
  foldable(miners),
  foldable(images),
  foldable(flavors),
  foldable(policies),
  foldable(attestations),
  foldable(devices),
  parked,
];

/** What a file of rows is made of. */
export const everyTable = [streams, ...projections, audit];

/** All that a read model takes of a store: it can look, and nothing else. */
export type ReadOnlyLog = Pick<
  EventStore,
  'storeId' | 'readAllBare' | 'readStream' | 'head' | 'comparePositions' | 'parsePosition'
>;

/** One file of rows with the position they stand at. */
export type ModelFile = {
  readonly file: string;
  readonly db: Database.Database;
  readonly sink: RowsSink;
  readonly rows: Rows;
  /** Closes the file for who reads it at once. Resolves when nothing holds it any more. */
  close(): Promise<void>;
};

/**
 * Opens a file of rows; `null` when whoever filled it did not come to {@link finish}. Throws when it is damaged, of another
 * store or ahead of its store; a file larger than `wholeBytesMax` is not read through for damage.
 */
export const openModelFile = async (
  file: string,
  log: ReadOnlyLog,
  wholeBytesMax: number = checkedWholeBytesMax,
): Promise<ModelFile | null> => {
  const db = new Database(file, { timeout: busyTimeoutMs, fileMustExist: true });
  try {
    const found = statSync(file).size > wholeBytesMax ? 'ok' : db.pragma('quick_check(1)', { simple: true });
    if (found !== 'ok') throw new Error(`it is damaged: ${String(found)}`);
    if (!isFinished(db)) {
      db.close();
      return null;
    }
    await checkIsOf(db, log);
    return modelOf(file, prepared(db), log);
  } catch (error) {
    db.close();
    throw error;
  }
};

/** Makes an empty file of rows, unfinished until {@link finish}. What lay there is gone. */
export const createModelFile = (file: string, log: ReadOnlyLog): ModelFile => {
  forget(file);
  const db = new Database(file, { timeout: busyTimeoutMs });
  try {
    prepared(db);
    db.transaction(() => {
      db.exec(rowsDdl(projections));
      db.prepare('UPDATE checkpoint SET store_id = ?').run(log.storeId);
    }).immediate();
    return modelOf(file, db, log);
  } catch (error) {
    db.close();
    forget(file);
    throw error;
  }
};

/** From now on the file is taken for what it is at the next start. */
export const finish = ({ db }: ModelFile): void => {
  db.pragma(`user_version = ${readModelVersion}`);
};

/** Removes a file of rows and what SQLite lays beside it. */
export const forget = (file: string): void => {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true });
};

const isFinished = (db: Database.Database): boolean =>
  Number(db.pragma('user_version', { simple: true })) === readModelVersion;

const prepared = (db: Database.Database): Database.Database => {
  db.pragma('journal_mode = WAL');
  // Losing the last pages in a power cut loses nothing: the checkpoint is lost with them.
  db.pragma('synchronous = NORMAL');
  db.pragma('trusted_schema = OFF');
  // A batch of rows that is caught up is some ten megabytes: most batches need no checkpoint, and none needs several.
  db.pragma(`wal_autocheckpoint = ${walCheckpointPages}`);
  db.pragma(`journal_size_limit = ${walBytesKept}`);
  return db;
};

const modelOf = (file: string, db: Database.Database, log: ReadOnlyLog): ModelFile => {
  const sink = createRowsSink(db, projections, log);
  return {
    ...{ file, db, sink, rows: createRows(db) },
    close: () => {
      db.close();
      return sink.close();
    },
  };
};

/** The store and position a file of rows says it stands at. */
export const standOf = (db: Database.Database): { readonly storeId: string; readonly position: Position | null } => {
  const saved = db
    .prepare<[], { storeId: string; position: Position | null }>(
      'SELECT store_id AS storeId, position FROM checkpoint WHERE id = 1',
    )
    .get();
  if (saved === undefined) throw new Error('it has lost its checkpoint');
  return saved;
};

const checkIsOf = async (db: Database.Database, log: ReadOnlyLog): Promise<void> => {
  const { storeId, position } = standOf(db);
  if (storeId !== log.storeId) throw new Error(`it is of store ${storeId}, and this store is ${log.storeId}`);
  if (position === null) return;
  const head = await log.head();
  if (head === null || log.comparePositions(log.parsePosition(position), head) > 0) {
    throw new Error(`it stands at ${position}, after the end of the store (${head ?? 'empty'})`);
  }
};
