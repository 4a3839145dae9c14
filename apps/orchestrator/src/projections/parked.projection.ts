import type { Database } from 'better-sqlite3';
import { aggregates, idOf, isoTime, type Parked, type ParkedEvent, parkedTriesMax } from '#events';
import { changing } from './changes.ts';
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
  readonly consumer: string;
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
    consumer: idOf(recorded.stream),
    event: aggregates.parked.codec.decode(recorded),
    revision: recorded.revision,
    at: recorded.recordedAt,
    by: recorded.actor,
  }),
  open: (db) => {
    const rows = openRows(db);
    return (change) => {
      const { consumer, event } = change;
      if (event.type === 'ParkedEventHandled') rows.remove(parkedId(consumer, event.eventId));
      else if (event.type === 'ParkedEventsRetryRequested') {
        for (const row of rows.standing(consumer)) {
          if (isCovered(row, event.throughRevision))
            rows.save(consumer, { ...row, retryAsked: { at: change.at, by: change.by } });
        }
      } else {
        const next = nextRow(rows.load(parkedId(consumer, event.eventId)), event, change);
        if (next !== null) rows.save(consumer, next);
      }
    };
  },
  remove: (db) => {
    const all = db.prepare<[string]>('DELETE FROM parked WHERE consumer = ?');
    return (consumer) => all.run(consumer);
  },
});

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

const openRows = (db: Database) => {
  const one = db.prepare<[string], string>('SELECT row FROM parked WHERE parked_id = ?').pluck();
  const all = db.prepare<[string], string>("SELECT row FROM parked WHERE consumer = ? AND status = 'parked'").pluck();
  const forget = db.prepare<[string]>('DELETE FROM parked WHERE parked_id = ?');
  const put = db.prepare(
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
    remove: (id: string) => forget.run(id),
    save: (consumer: string, row: ParkedRow) =>
      put.run({
        ...{ id: parkedId(consumer, row.parked.eventId), consumer },
        status: (row.skipped === null ? 'parked' : 'skipped') satisfies ParkedStatus,
        createdAt: isoTime(row.parked.firstSeenAt),
        row: stateToText(row),
      }),
  };
};
