import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Log } from '#edge';
import type { EventStore, Position, Sink } from '#events';
import { accounts } from './accounts.projection.ts';
import { images } from './images.projection.ts';
import { busyTimeoutMs } from './limits.ts';
import { miners } from './miners.projection.ts';
import { parked } from './parked.projection.ts';
import { createRowsSink, type Foldable, foldable, projectionsDdl } from './rows-sink.ts';
import { streams } from './streams.projection.ts';
import { vms } from './vms.projection.ts';

/** Raise it whenever a table, a row or a fold changes: the old file is not read but rebuilt. */
export const readModelVersion = 1;

/** Every projection of the file. Together they are one consumer with one position, so an answer has one too. */
export const projections: readonly Foldable[] = [
  foldable(vms),
  foldable(accounts),
  foldable(miners),
  foldable(images),
  foldable(parked),
];

export type ReadModel = {
  readonly db: Database.Database;
  readonly sink: Sink;
  readonly file: string;
  close(): void;
};

export type ReadModelOptions = { readonly dir: string; readonly store: EventStore; readonly log: Log };

/**
 * Opens the disposable read model of a store, made when it is not there. A file that is damaged, of another store, or
 * ahead of its store is deleted and rebuilt, with a warning; it holds nothing that the store does not.
 */
export const openReadModel = async ({ dir, store, log }: ReadModelOptions): Promise<ReadModel> => {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = join(dir, `read-model-v${readModelVersion}.sqlite`);
  forgetOlder(dir, file, log);
  let db: Database.Database;
  try {
    db = await opened(file, store);
  } catch (error) {
    if (isPlaceFault(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    log('warn', 'read model cannot be used: deleted, and rebuilt from the store', { file, reason });
    forget(file);
    db = await opened(file, store);
  }
  return { db, file, sink: createRowsSink(db, streams, projections, store), close: () => db.close() };
};

const opened = async (file: string, store: EventStore): Promise<Database.Database> => {
  const db = new Database(file, { timeout: busyTimeoutMs });
  try {
    const found = db.pragma('quick_check(1)', { simple: true });
    if (found !== 'ok') throw new Error(`it is damaged: ${String(found)}`);
    db.pragma('journal_mode = WAL');
    // Losing the last pages in a power cut loses nothing: the checkpoint is lost with them.
    db.pragma('synchronous = NORMAL');
    db.pragma('trusted_schema = OFF');
    if (Number(db.pragma('user_version', { simple: true })) === 0) create(db, store.storeId);
    await checkIsOf(db, store);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
};

const create = (db: Database.Database, storeId: string): void =>
  db
    .transaction(() => {
      db.exec(
        'CREATE TABLE checkpoint (id INTEGER PRIMARY KEY CHECK (id = 1), store_id TEXT NOT NULL, position TEXT) STRICT;',
      );
      db.exec(projectionsDdl([streams, ...projections]));
      db.prepare('INSERT INTO checkpoint (id, store_id, position) VALUES (1, ?, NULL)').run(storeId);
      db.pragma(`user_version = ${readModelVersion}`);
    })
    .immediate();

const checkIsOf = async (db: Database.Database, store: EventStore): Promise<void> => {
  const saved = db
    .prepare<[], { storeId: string; position: Position | null }>(
      'SELECT store_id AS storeId, position FROM checkpoint WHERE id = 1',
    )
    .get();
  if (saved?.storeId !== store.storeId) {
    throw new Error(`it is of store ${saved?.storeId ?? 'unknown'}, and this store is ${store.storeId}`);
  }
  if (saved.position === null) return;
  const head = await store.head();
  if (head === null || store.comparePositions(store.parsePosition(saved.position), head) > 0) {
    throw new Error(`it stands at ${saved.position}, after the end of the store (${head ?? 'empty'})`);
  }
};

const forgetOlder = (dir: string, current: string, log: Log): void => {
  for (const name of readdirSync(dir)) {
    if (!/^read-model-v[0-9]+\.sqlite$/.test(name) || join(dir, name) === current) continue;
    log('info', 'read model of another version deleted', { file: join(dir, name) });
    forget(join(dir, name));
  }
};

const forget = (file: string): void => {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true });
};

/** A fault of the place, which a new file there would meet again. */
const isPlaceFault = (error: unknown): boolean =>
  error instanceof Database.SqliteError && /^SQLITE_(FULL|CANTOPEN|IOERR|READONLY|BUSY|PERM)/.test(error.code);
