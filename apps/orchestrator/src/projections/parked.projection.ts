import type { Database } from 'better-sqlite3';
import { aggregates, isoTime, type Parked, type ParkedEvent, parkedTriesMax } from '#events';
import { type ChangedRows, changing } from './changes.ts';
import type { RowWrites } from './row-writes.ts';
import { stateToText, textToState } from './state-text.ts';

/** One event that a consumer could not handle: it stands parked, or somebody decided to skip it. */
export type ParkedRow = {
  readonly parked: Parked;
  /** Revision on `parked-<consumer>` of the event that parked it. */
  readonly parkedRevision: string;
  /** A retry that was asked for and not answered yet. */
  readonly retryAsked: { readonly at: string; readonly by: string } | null;
  readonly skipped: { readonly at: string; readonly by: string; readonly reason: string } | null;
};

/** What stands in the way, or what is gone past. */
export type ParkedStatus = 'parked' | 'skipped';

const ddl = `CREATE TABLE parked (
  parked_id TEXT PRIMARY KEY,
  consumer TEXT NOT NULL,
  status TEXT NOT NULL,
  created_at TEXT NOT NULL,
  row TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX parked_by_age ON parked (status, created_at, parked_id);
CREATE INDEX parked_by_consumer ON parked (consumer, status, created_at, parked_id);`;

type ParkedChange = {
  readonly event: ParkedEvent;
  readonly revision: bigint;
  readonly at: string;
  readonly by: string;
};

/** Key of a row: several consumers may fail on the same event. */
export const parkedId = (consumer: string, eventId: string): string => `${eventId}-${consumer}`;

export const parked = changing<ParkedChange>({
  name: 'parked',
  ddl,
  category: 'parked',
  changeOf: (recorded) => ({
    event: aggregates.parked.codec.decode(recorded),
    revision: recorded.revision,
    at: recorded.recordedAt,
    by: recorded.actor,
  }),
  open: (db, writes) => {
    const stored = openStored(db, writes);
    return (consumer) => rowsOf(consumer, stored);
  },
});

/** Rows of one consumer while they change. */
const rowsOf = (consumer: string, stored: Stored): ChangedRows<ParkedChange> => {
  /** What is other than on disk; `null` for a row that is gone. */
  const changed = new Map<string, ParkedRow | null>();
  let isCleared = false;
  const load = (id: string): ParkedRow | null => {
    const row = changed.get(id);
    return row === undefined && !isCleared ? stored.load(id) : (row ?? null);
  };
  const standing = (): ReadonlyMap<string, ParkedRow | null> => {
    const onDisk = isCleared ? [] : stored.standing(consumer);
    return new Map([...onDisk.map((row) => [parkedId(consumer, row.parked.eventId), row] as const), ...changed]);
  };
  return {
    clear: () => {
      changed.clear();
      isCleared = true;
    },
    apply: (change) => {
      const { event, at, by } = change;
      if (event.type === 'ParkedEventsRetryRequested') {
        for (const [id, row] of standing())
          if (row?.skipped === null && isCovered(row, event.throughRevision))
            changed.set(id, { ...row, retryAsked: { at, by } });
        return;
      }
      const id = parkedId(consumer, event.eventId);
      const isOver = event.type === 'ParkedEventHandled';
      const next = isOver ? null : nextRow(load(id), event, change);
      if (isOver || next !== null) changed.set(id, next);
    },
    write: () => {
      if (isCleared) stored.clear(consumer);
      for (const [id, row] of changed) {
        if (row === null) stored.remove(id);
        else stored.save(id, consumer, row);
      }
    },
  };
};

const isCovered = ({ parkedRevision, parked: { attempts } }: ParkedRow, throughRevision: bigint): boolean =>
  BigInt(parkedRevision) <= throughRevision && attempts < parkedTriesMax;

type OneEvent = Exclude<ParkedEvent, { type: 'ParkedEventHandled' | 'ParkedEventsRetryRequested' }>;

const nextRow = (row: ParkedRow | null, event: OneEvent, { revision, at, by }: ParkedChange): ParkedRow | null => {
  if (event.type === 'EventParked') {
    return { parked: event, parkedRevision: revision.toString(), retryAsked: null, skipped: null };
  }
  if (row === null) return null;
  switch (event.type) {
    case 'ParkedEventRetryRequested':
      return { ...row, retryAsked: { at, by } };
    case 'ParkedEventRetryFailed': {
      const { reason, attempts, lastSeenAt } = event;
      return { ...row, parked: { ...row.parked, reason, attempts, lastSeenAt }, retryAsked: null };
    }
    case 'ParkedEventSkipped':
      return { ...row, retryAsked: null, skipped: { at, by, reason: event.reason } };
  }
};

/** The table, as it was committed last; what is written counts from the next commit on. */
type Stored = ReturnType<typeof openStored>;

const openStored = (db: Database, writes: RowWrites) => {
  const one = db.prepare<[string], string>('SELECT row FROM parked WHERE parked_id = ?').pluck();
  const all = db.prepare<[string], string>("SELECT row FROM parked WHERE consumer = ? AND status = 'parked'").pluck();
  const forget = writes.statement('DELETE FROM parked WHERE parked_id = ?');
  const forgetAll = writes.statement('DELETE FROM parked WHERE consumer = ?');
  const put = writes.statement(
    `INSERT INTO parked (parked_id, consumer, status, created_at, row) VALUES (:id, :consumer, :status, :createdAt, :row)
     ON CONFLICT (parked_id) DO UPDATE SET status = :status, created_at = :createdAt, row = :row`,
  );
  return {
    load: (id: string): ParkedRow | null => {
      const text = one.get(id);
      return text === undefined ? null : textToState<ParkedRow>(text);
    },
    /** At most `parkedMax`: what stands parked in one consumer is bounded. */
    standing: (consumer: string) => all.all(consumer).map((text) => textToState<ParkedRow>(text)),
    clear: (consumer: string) => forgetAll(consumer),
    remove: (id: string) => forget(id),
    save: (id: string, consumer: string, row: ParkedRow) =>
      put({
        ...{ id, consumer },
        status: (row.skipped === null ? 'parked' : 'skipped') satisfies ParkedStatus,
        createdAt: isoTime(row.parked.firstSeenAt),
        row: stateToText(row),
      }),
  };
};
