import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { type StoreFault, StoreUnavailable } from '#events';
import { busyTimeoutMs, diskFullBytes } from './limits.ts';

/** What the person who sees a fault should do about it. */
const advice: Readonly<Partial<Record<StoreFault, string>>> = {
  'disk-full': 'free space there and try again',
  corrupt: 'stop using it, keep a copy, and restore the file from a backup',
  busy: 'another process holds it; end that process or try again',
  closed: 'open it again',
  io: 'check the disk, its mount and the permissions of the file and its directory',
  'not-a-store': 'give the path of an event store, or of a file that does not exist yet',
  'newer-format': 'use the build that wrote it, or a newer one',
};

/** A fault of one file, in words: what it is, what was observed, what to do. */
export const storeFault = (file: string, fault: StoreFault, observed: string, cause?: unknown): StoreUnavailable =>
  new StoreUnavailable(fault, `event store ${file}: ${observed}; ${advice[fault] ?? 'try again'}`, { cause });

/** What SQLite threw, as the port says it. Anything else is a bug and comes back as it is. */
export const asStoreFault = (file: string, error: unknown): unknown => {
  if (!(error instanceof Database.SqliteError)) return error;
  const fault = faultOf(error.code, file);
  return storeFault(file, fault, `${words[fault] ?? 'SQLite failed'} (${error.code}: ${error.message})`, error);
};

const words: Readonly<Partial<Record<StoreFault, string>>> = {
  'disk-full': 'its disk is full, nothing was recorded',
  corrupt: 'the file is damaged',
  busy: `it stayed locked for ${busyTimeoutMs} ms, nothing was recorded`,
};

const faultOf = (code: string, file: string): StoreFault => {
  if (code === 'SQLITE_FULL') return 'disk-full';
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return 'corrupt';
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return 'busy';
  return freeBytes(file) < diskFullBytes ? 'disk-full' : 'io';
};

const freeBytes = (file: string): number => {
  try {
    const { bavail, bsize } = statfsSync(dirname(file));
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY; // The directory is gone, which is no lack of space.
  }
};
