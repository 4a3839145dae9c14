import type Database from 'better-sqlite3';
import type { ChainFault } from '#events';
import { type EventRow, eventColumns, streamOf } from './rows.ts';

/** An event whose row stands before the first place of a log, where no reader looks; `null` when there is none. */
export const beforeTheLog = (db: Database.Database): ChainFault | null =>
  faultOf(
    db.prepare<[], EventRow>(`SELECT ${eventColumns} FROM events WHERE position < 1 ORDER BY position LIMIT 1`).get(),
  );

/**
 * The event that belongs into an empty place of the log: alone behind the log's end, and its neighbours in its stream
 * stand around that place. `null` when there is none, and so the event of that place was removed.
 */
export const movedFrom = (db: Database.Database, empty: number): ChainFault | null =>
  faultOf(
    db
      .prepare<[{ empty: number }], EventRow>(
        `SELECT ${eventColumns} FROM events AS alone
          WHERE position = (SELECT max(position) FROM events) AND position > @empty
            AND NOT EXISTS (SELECT 1 FROM events WHERE position = alone.position - 1)
            AND (revision = 0 OR EXISTS (SELECT 1 FROM events
              WHERE stream = alone.stream AND revision = alone.revision - 1 AND position < @empty))
            AND NOT EXISTS (SELECT 1 FROM events
              WHERE stream = alone.stream AND revision = alone.revision + 1 AND position < @empty)`,
      )
      .get({ empty }),
  );

const faultOf = (row: EventRow | undefined): ChainFault | null =>
  row === undefined
    ? null
    : { stream: streamOf(row), revision: BigInt(row.revision), eventId: row.eventId, fault: 'moved' };
