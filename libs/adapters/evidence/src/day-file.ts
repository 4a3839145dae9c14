import { closeSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { switchToWal } from '#sqlite-file';
import { busyTimeoutMs, walCheckpointPages } from './limits.ts';

/** A day in UTC: `2026-11-21`. */
export type Day = string;

export type Piece = { readonly sha256: Uint8Array; readonly sealed: Uint8Array };

export type DayFile = {
  /** Keeps all of them or, when it throws, none: one durable transaction. What is there already stays as it is. */
  keep(pieces: readonly Piece[]): void;
  close(): void;
};

const format = 1;
const name = /^(\d{4}-\d{2}-\d{2})\.sqlite(?:-wal|-shm|-journal)?$/;
const pathOf = (dir: string, day: Day): string => join(dir, `${day}.sqlite`);

/** Days of which there is a file, oldest first. */
export const daysIn = (dir: string): readonly Day[] => {
  const days = readdirSync(dir).flatMap((file) => name.exec(file)?.[1] ?? []);
  return [...new Set(days)].toSorted();
};

/** Opens the file of a day for writing, made private when it is not there. Several programs may have it open. */
export const openDay = (dir: string, day: Day): DayFile => {
  const path = pathOf(dir, day);
  // Made by us and not by SQLite, which would let others read it. What it puts beside it gets the same mode.
  closeSync(openSync(path, 'a', 0o600));
  const db = new Database(path, { timeout: busyTimeoutMs });
  try {
    return dayFileOf(db, path);
  } catch (error) {
    db.close();
    throw error;
  }
};

const dayFileOf = (db: Database.Database, path: string): DayFile => {
  db.pragma('synchronous = FULL');
  if (versionOf(db) === 0) create(db);
  checkFormat(db, path);
  switchToWal(db, busyTimeoutMs);
  db.pragma(`wal_autocheckpoint = ${walCheckpointPages}`);
  const insert = db.prepare<[Uint8Array, Uint8Array]>('INSERT OR IGNORE INTO evidence (sha256, sealed) VALUES (?, ?)');
  const keep = db.transaction((pieces: readonly Piece[]) => {
    for (const { sha256, sealed } of pieces) insert.run(sha256, sealed);
  });
  return { keep: (pieces) => keep.immediate(pieces), close: () => db.close() };
};

const create = (db: Database.Database): void =>
  db
    .transaction(() => {
      if (versionOf(db) !== 0) return; // Another attestor was quicker.
      // Rows in the order they come, so that only the small index is written to all over.
      db.exec('CREATE TABLE evidence (sha256 BLOB NOT NULL UNIQUE, sealed BLOB NOT NULL) STRICT');
      db.pragma(`user_version = ${format}`);
    })
    .immediate();

/** What a day has under this digest; `null` when that is nothing. */
export const readDay = (dir: string, day: Day, sha256: Uint8Array): Uint8Array | null => {
  const path = pathOf(dir, day);
  // A file of no bytes is being made at this moment.
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return null;
  const db = new Database(path, { readonly: true, timeout: busyTimeoutMs });
  try {
    checkFormat(db, path);
    const find = db.prepare<[Uint8Array], Buffer>('SELECT sealed FROM evidence WHERE sha256 = ?').pluck();
    return find.get(sha256) ?? null;
  } finally {
    db.close();
  }
};

export const dropDay = (dir: string, day: Day): void => {
  for (const file of readdirSync(dir)) {
    if (name.exec(file)?.[1] === day) rmSync(join(dir, file), { force: true });
  }
};

const versionOf = (db: Database.Database): number => Number(db.pragma('user_version', { simple: true }));

const checkFormat = (db: Database.Database, path: string): void => {
  const found = versionOf(db);
  if (found !== format) throw new Error(`${path} has format ${found}, and this build reads ${format}`);
};
