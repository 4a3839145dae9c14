import type { Database } from 'better-sqlite3';
import { type BareEvent, categoryOf, idOf, type StreamName } from '#events';
import type { RowWrites } from './row-writes.ts';

/** One stream as a list shows it. */
export type StreamRow = {
  readonly stream: string;
  readonly category: string;
  /** So many were folded into the read model; the next one has this revision. */
  readonly events: number;
  readonly lastAt: string;
};

/** How far a stream was folded, counted in place: one event after the other goes through here. */
export type StreamCount = {
  events: number;
  /** How many of them somebody decided to do without. */
  skipped: number;
  lastAt: string;
  /** Whose it is: an account's own, and a VM's by its request; `null` before that, and of streams that are nobody's. */
  accountId: string | null;
};

/** Every stream there is. Reads no event's content; its count is also what makes a repeated event do nothing. */
export const streams = {
  name: 'streams',
  ddl: `CREATE TABLE streams (
  stream TEXT PRIMARY KEY,
  category TEXT NOT NULL,
  events INTEGER NOT NULL,
  skipped INTEGER NOT NULL,
  last_at TEXT NOT NULL,
  account_id TEXT
) STRICT, WITHOUT ROWID;`,
  category: null,
} as const;

/** The count of a stream of which nothing was folded. */
export const uncounted = (stream: StreamName): StreamCount => ({
  ...{ events: 0, skipped: 0, lastAt: '' },
  accountId: categoryOf(stream) === 'account' ? idOf(stream) : null,
});

/** Counts one more event of a stream. */
export const countEvent = (count: StreamCount, recorded: BareEvent): void => {
  count.events += 1;
  count.lastAt = recorded.recordedAt;
  if (count.accountId === null) count.accountId = requesterOf(recorded);
};

/** The account of a request, read as it is stored: also one that no build can read any more names its owner. */
export const requesterOf = ({ type, data }: BareEvent): string | null =>
  type === 'VmRequested' && typeof data.accountId === 'string' ? data.accountId : null;

/** The counts in a file of rows. */
export const openCounts = (db: Database, writes: RowWrites) => {
  const one = db.prepare<[string], StreamCount>(
    'SELECT events, skipped, last_at AS lastAt, account_id AS accountId FROM streams WHERE stream = ?',
  );
  const put = writes.statement(
    'INSERT OR REPLACE INTO streams (stream, category, events, skipped, last_at, account_id) VALUES (?, ?, ?, ?, ?, ?)',
  );
  return {
    load: (stream: StreamName): StreamCount | null => one.get(stream) ?? null,
    save: (stream: StreamName, { events, skipped, lastAt, accountId }: StreamCount): void => {
      put(stream, categoryOf(stream), events, skipped, lastAt, accountId);
    },
  };
};

/** Whose a VM is, by its request, also by one that is held back; `null` before there was one. */
export const vmOwner = (db: Database): ((vmId: string) => string | null) => {
  const of = (table: string) =>
    db.prepare<[string], string | null>(`SELECT account_id FROM ${table} WHERE stream = ?`).pluck();
  const [shown, heldBack] = [of('streams'), of('held_back')];
  return (vmId) => shown.get(`vm-${vmId}`) ?? heldBack.get(`vm-${vmId}`) ?? null;
};
