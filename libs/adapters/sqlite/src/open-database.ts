import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import Database from 'better-sqlite3';
import { switchToWal } from '#sqlite-file';
import { guardCheckpoints } from './checkpoint-table.ts';
import { asStoreFault, storeFault } from './faults.ts';
import { busyTimeoutMs, checkedWholeBytesMax, walBytesKept, walCheckpointPages } from './limits.ts';
import { applicationId, formatVersion, schema, timeMarks } from './schema.ts';

export type OpenedDatabase = { readonly db: Database.Database; readonly storeId: string };

/**
 * Opens a store's file for writing, made with `newStoreId` when it is not there, or empty. Refuses, before it changes
 * anything, what is not ours (`not-a-store`), newer than us (`newer-format`) or damaged (`corrupt`): of a file larger than
 * `wholeBytesMax` only as far as opening it shows.
 */
export const openForWriting = (
  file: string,
  newStoreId: string,
  wholeBytesMax: number = checkedWholeBytesMax,
): OpenedDatabase => {
  checkHeader(file);
  return opened(file, { timeout: busyTimeoutMs }, (db) => {
    if (isEmpty(db)) create(db, newStoreId);
    checkOurs(file, db);
    db.pragma('cell_size_check = ON');
    if (sizeOf(db) <= wholeBytesMax) checkWhole(file, db);
    const mode = switchToWal(db, busyTimeoutMs);
    if (mode !== 'wal') throw storeFault(file, 'io', `its file system allows journal mode ${mode}, not wal`);
    db.pragma('synchronous = FULL');
    markTimes(db);
    guardCheckpoints(db);
    db.pragma(`wal_autocheckpoint = ${walCheckpointPages}`);
    db.pragma(`journal_size_limit = ${walBytesKept}`);
  });
};

/** Opens a store's file, which a writer has opened before, for reading only. */
export const openForReading = (file: string): OpenedDatabase =>
  opened(file, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs }, (db) => checkOurs(file, db));

const opened = (file: string, options: Database.Options, prepare: (db: Database.Database) => void): OpenedDatabase => {
  const db = connect(file, options);
  try {
    db.pragma('trusted_schema = OFF');
    prepare(db);
    const storeId = db.prepare<[], string>('SELECT store_id FROM meta').pluck().get();
    if (storeId === undefined) throw storeFault(file, 'corrupt', 'it has lost its id');
    return { db, storeId };
  } catch (error) {
    db.close();
    throw asStoreFault(file, error);
  }
};

const connect = (file: string, options: Database.Options): Database.Database => {
  try {
    return new Database(file, options);
  } catch (error) {
    // The driver says it with a TypeError when the directory is not there.
    if (error instanceof TypeError) throw storeFault(file, 'io', error.message, error);
    throw asStoreFault(file, error);
  }
};

const isEmpty = (db: Database.Database): boolean =>
  db.pragma('application_id', { simple: true }) === 0 && tables(db) === 0;

const magic = 'SQLite format 3\0';

/** SQLite itself takes a file of a few bytes for an empty database, and would write over it. */
const checkHeader = (file: string): void => {
  const header = firstBytes(file, magic.length);
  if (header === '' || header === magic) return;
  throw storeFault(file, 'not-a-store', `it is no SQLite database (it begins with ${JSON.stringify(header)})`);
};

const firstBytes = (file: string, count: number): string => {
  if (!existsSync(file)) return '';
  try {
    const descriptor = openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(count);
      return bytes.toString('latin1', 0, readSync(descriptor, bytes, 0, count, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw storeFault(file, 'io', error instanceof Error ? error.message : String(error), error);
  }
};

const tables = (db: Database.Database): number | undefined =>
  db.prepare<[], number>('SELECT count(*) FROM sqlite_schema').pluck().get();

/** One transaction with a rollback journal: a crash leaves an empty file or a whole one, and the header is on disk. */
const create = (db: Database.Database, storeId: string): void => {
  db.pragma('synchronous = FULL');
  db.transaction(() => {
    if (tables(db) !== 0) return; // Another process was quicker.
    db.exec(schema);
    db.prepare('INSERT INTO meta (id, store_id, format) VALUES (1, ?, ?)').run(storeId, formatVersion);
  }).immediate();
};

/** A file of an older build gets its marks of time once; that reads each event's time, about a second per million. */
const markTimes = (db: Database.Database): void => {
  const has = db.prepare<[], number>("SELECT count(*) FROM sqlite_schema WHERE name = 'time_marks'").pluck();
  if (has.get() !== 0) return;
  db.transaction(() => {
    if (has.get() === 0) db.exec(timeMarks);
  }).immediate();
};

const checkOurs = (file: string, db: Database.Database): void => {
  const application = db.pragma('application_id', { simple: true });
  if (application !== applicationId) {
    throw storeFault(file, 'not-a-store', `it is a SQLite database of another program (application id ${application})`);
  }
  const format = Number(db.pragma('user_version', { simple: true }));
  if (format > formatVersion) {
    throw storeFault(file, 'newer-format', `it has format ${format}; this build reads up to ${formatVersion}`);
  }
};

const sizeOf = (db: Database.Database): number =>
  Number(db.pragma('page_count', { simple: true })) * Number(db.pragma('page_size', { simple: true }));

const checkWhole = (file: string, db: Database.Database): void => {
  const found = db.pragma('quick_check(1)', { simple: true });
  if (found !== 'ok') throw storeFault(file, 'corrupt', `the file is damaged (${String(found)})`);
};
