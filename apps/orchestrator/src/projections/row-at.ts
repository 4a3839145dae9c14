import {
  type EventStore,
  type Position,
  type RecordedEvent,
  readPageEventsMax,
  streamName,
  UnknownEvent,
} from '#events';
import type { Projection } from './projection.ts';

/** One row as it was, with the event that made it so, and the one that this build could not read before that moment. */
export type RowAt<Row> = { readonly row: Row; readonly last: RecordedEvent; readonly unread: Unread | null };

export type Unread = { readonly event: RecordedEvent; readonly error: UnknownEvent };

/** What one row's history is read from. */
export type History = Pick<EventStore, 'readStream' | 'comparePositions'>;

/** Looks at the row after each event that made or changed it. */
export type Watcher<Row> = (row: Row, event: RecordedEvent) => void;

/**
 * The row of one stream as it was when the log stood at a position: the events up to there through the projection's own
 * fold, which is what live rows and rebuilt ones are made by too. `null` when there was none. Events in `skipped` count
 * for nothing, as everywhere. As live rows do, it ends before an event that this build cannot read, which it names; throws
 * that UnknownEvent where nothing comes before it.
 */
export const rowAt = async <Row>(
  history: History,
  projection: Projection<Row>,
  id: string,
  position: Position,
  skipped: Pick<ReadonlySet<string>, 'has'>,
  watch: Watcher<Row> = () => undefined,
): Promise<RowAt<Row> | null> => {
  const stream = streamName(projection.category, id);
  let row: Row | null = null;
  let last: RecordedEvent | null = null;
  for (let next = 0n; ; ) {
    const page = await history.readStream(stream, { from: next });
    const before = page.filter((event) => history.comparePositions(event.position, position) <= 0);
    for (const event of before) {
      if (skipped.has(event.eventId)) continue;
      try {
        row = projection.fold(row, event);
      } catch (error) {
        if (!(error instanceof UnknownEvent) || row === null || last === null) throw error;
        return { row, last, unread: { event, error } };
      }
      last = event;
      if (row !== null) watch(row, event);
    }
    next += BigInt(page.length);
    if (before.length < readPageEventsMax) break;
  }
  return row === null || last === null ? null : { row, last, unread: null };
};
