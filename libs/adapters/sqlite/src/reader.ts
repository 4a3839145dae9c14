import {
  type BareEvent,
  type Position,
  PositionAhead,
  type Positions,
  pageEvents,
  type ReadPage,
  type RecordedEvent,
  readPageBytesMax,
  type StreamName,
  startRevision,
} from '#events';
import { loadCheckpoint } from './checkpoint-table.ts';
import { asStoreFault, storeFault } from './faults.ts';
import { rowsAtOnce } from './limits.ts';
import { openForReading } from './open-database.ts';
import { type BareRow, bareColumns, type EventRow, eventColumns, toBare, toRecorded } from './rows.ts';

/** Reads on a connection of its own that cannot write. Each call sees what was committed before it. */
export type Reader = {
  readStream(stream: StreamName, from: bigint | undefined, limit: number | undefined): readonly RecordedEvent[];
  readAll(after: Position | null, limit: number | undefined): ReadPage;
  readAllBare(after: Position | null, limit: number | undefined): ReadPage<BareEvent>;
  /** Rows of the log after a count, as they lie there. */
  rowsAfter(count: number, limit: number): readonly EventRow[];
  /** Count of the newest event; `null` when there is none. */
  head(): number | null;
  /** Count of the last event before the first recorded later than a time; 0 when the first is, `null` without events. */
  countAt(recordedAt: string): number | null;
  /** Count a consumer saved; `undefined` when it never did. Throws StoreUnavailable (`corrupt`) when it is not what was saved. */
  checkpoint(consumer: string): number | null | undefined;
  /** Changes whenever any other connection has committed. */
  dataVersion(): number | undefined;
  /** SQLite's own check of the whole file: `ok`, or what it found. */
  integrity(): string;
  close(): void;
};

/** Opens a store's file for reading. Every method throws StoreUnavailable when the file fails it. */
export const openReader = (file: string, positions: Positions): Reader => {
  const { db } = openForReading(file);
  const sql = {
    stream: db.prepare<[StreamName, number, number], EventRow>(
      `SELECT ${eventColumns} FROM events WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?`,
    ),
    all: db.prepare<[number, number], EventRow>(
      `SELECT ${eventColumns} FROM events WHERE position > ? ORDER BY position LIMIT ?`,
    ),
    allBare: db.prepare<[number, number], BareRow>(
      `SELECT ${bareColumns} FROM events WHERE position > ? ORDER BY position LIMIT ?`,
    ),
    head: db.prepare<[], number | null>('SELECT max(position) FROM events').pluck(),
    dataVersion: db.prepare<[], number>('PRAGMA data_version').pluck(),
    integrity: db.prepare<[], string>('PRAGMA integrity_check(20)').pluck(),
  };
  const guarded = <Result>(read: () => Result): Result => {
    if (!db.open) throw storeFault(file, 'closed', 'it is closed');
    try {
      return read();
    } catch (error) {
      throw asStoreFault(file, error);
    }
  };
  const recorded = (row: EventRow) => toRecorded(file, row, positions.of(row.position));

  const rows = (count: number, limit: number) => sql.all.all(count, limit);
  const bareRows = (count: number, limit: number) => sql.allBare.all(count, limit);
  const bare = (row: BareRow) => toBare(file, row, positions.of(row.position));

  const readAll = <Row extends BareRow, Event extends BareEvent>(
    rowsAfter: (count: number, limit: number) => readonly Row[],
    eventOf: (row: Row) => Event,
    after: Position | null,
    limit: number,
  ): ReadPage<Event> => {
    const events: Event[] = [];
    let [last, bytes] = [after === null ? 0 : positions.countOf(after), 0];
    for (;;) {
      // One row more than asked for: whether there is one is whether this page is the end.
      const wanted = Math.min(rowsAtOnce, limit + 1 - events.length);
      const rows = rowsAfter(last, wanted);
      for (const row of rows) {
        if (events.length === limit || bytes >= readPageBytesMax) {
          return { events, next: events.at(-1)?.position ?? after, end: false };
        }
        bytes += row.data.length;
        last = row.position;
        events.push(eventOf(row));
      }
      if (rows.length < wanted) break;
    }
    if (after !== null && events.length === 0) checkNotAhead(after);
    return { events, next: events.at(-1)?.position ?? after, end: true };
  };
  const checkNotAhead = (after: Position): void => {
    const newest = sql.head.get() ?? 0;
    if (positions.countOf(after) > newest) throw new PositionAhead(after, newest === 0 ? null : positions.of(newest));
  };

  return {
    readStream: (stream, from, limit) =>
      guarded(() => sql.stream.all(stream, startRevision(from), pageEvents(limit)).map(recorded)),
    readAll: (after, limit) => guarded(() => readAll(rows, recorded, after, pageEvents(limit))),
    readAllBare: (after, limit) => guarded(() => readAll(bareRows, bare, after, pageEvents(limit))),
    rowsAfter: (count, limit) => guarded(() => rows(count, limit)),
    head: () => guarded(() => sql.head.get() ?? null),
    countAt: (recordedAt) =>
      guarded(() => {
        // Nothing up to the mark is later; the first that is comes before the next mark, or there is no next one.
        const mark = db.prepare<[string], number>(markBefore).pluck().get(recordedAt) ?? 0;
        const later = db.prepare<[number, string], number>(laterAfter).pluck().get(mark, recordedAt);
        return later === undefined ? (sql.head.get() ?? null) : later - 1;
      }),
    checkpoint: (consumer) => guarded(() => loadCheckpoint(file, db, consumer)),
    dataVersion: () => guarded(() => sql.dataVersion.get()),
    integrity: () => guarded(() => sql.integrity.all().join('; ')),
    close: () => {
      db.close();
    },
  };
};

// Prepared when asked: a file that only an older build has written has no marks, and is read for everything else.
const markBefore = 'SELECT position FROM time_marks WHERE latest <= ? ORDER BY latest DESC, position DESC LIMIT 1';
const laterAfter = 'SELECT position FROM events WHERE position > ? AND recorded_at > ? ORDER BY position LIMIT 1';
