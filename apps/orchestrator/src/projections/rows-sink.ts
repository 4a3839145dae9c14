import type { Database } from 'better-sqlite3';
import {
  categoryOf,
  type EventStore,
  idOf,
  type Position,
  type RecordedEvent,
  readPageEventsMax,
  type Sink,
  type StreamName,
} from '#events';
import { audit, openAudit } from './audit.projection.ts';
import { commitEventsMax } from './limits.ts';
import type { Foldable, StreamFold } from './projection.ts';
import { countEvent, openCounts, type StreamCount, streams, uncounted } from './streams.projection.ts';

/** A sink whose work is done when it returns: SQLite answers at once. */
export type RowsSink = Omit<Sink, 'batchEventsMax' | 'apply' | 'skip' | 'leaveOut' | 'has' | 'commit'> & {
  readonly batchEventsMax: number;
  apply(event: RecordedEvent): void;
  /** Goes past an event that somebody decided to do without: it counts in its stream, and nothing of its content is kept. */
  skip(event: RecordedEvent): void;
  /** Makes the rows of a stream anew when one of these events is in them. What it counts of the stream stays. */
  leaveOut(stream: StreamName, skipped: ReadonlySet<bigint>): Promise<void>;
  /** Whether an event of a stream is folded, or was gone past. */
  has(stream: StreamName, revision: bigint): boolean;
  commit(position: Position): void;
  /** The furthest that the rows may have come, what is folded and not yet committed included. */
  reached(): Position | null;
};

/** A stream while events go through it: how far it was counted, and what the projections keep of it. */
type OpenStream = { readonly count: StreamCount; readonly folds: readonly StreamFold[] };

/**
 * Folds events into the rows of one file. Between commits the changed rows are in memory only; a commit writes them and
 * the checkpoint in one transaction, so a crash shows either a batch whole or not at all. A repeated event does nothing.
 */
export const createRowsSink = (
  db: Database,
  projections: readonly Foldable[],
  store: Pick<EventStore, 'readStream' | 'parsePosition' | 'comparePositions'>,
): RowsSink => {
  const counts = openCounts(db);
  const spans = openAudit(db, store);
  const openers = projections.map(({ category, open }) => ({ category, open: open(db) }));
  const checkpoint = openCheckpoint(db, store);
  /** What has changed since the last commit. */
  let touched = new Map<StreamName, OpenStream>();
  /** What the commit before has written, as it is on disk: a busy account is in every batch, and its row is long. */
  let written: ReadonlyMap<StreamName, OpenStream> = new Map();
  let reach = checkpoint.load().reach;

  const isLater = (position: Position): boolean => reach === null || store.comparePositions(position, reach) > 0;

  const foldsOf = (stream: StreamName): readonly StreamFold[] => {
    const category = categoryOf(stream);
    const id = idOf(stream);
    return openers.flatMap((opener) => (opener.category === category ? [opener.open(id)] : []));
  };

  const opened = ({ stream, revision, position }: RecordedEvent): OpenStream => {
    // Nothing on disk is of a later event than `reach`: the first of a stream there needs no looking for.
    const isNew = revision === 0n && isLater(position);
    return { count: (isNew ? null : counts.load(stream)) ?? uncounted(stream), folds: foldsOf(stream) };
  };

  /** The stream of an event that is not folded yet; `null` when it is. */
  const unfolded = (recorded: RecordedEvent): OpenStream | null => {
    const { stream, revision } = recorded;
    let open = touched.get(stream);
    if (open === undefined) {
      open = written.get(stream) ?? opened(recorded);
      touched.set(stream, open);
    }
    const { events } = open.count;
    if (revision > events)
      throw new Error(`read model has ${events} events of ${stream} and was given revision ${revision}`);
    return revision < events ? null : open;
  };

  /** How far a stream was counted, in memory or on disk. */
  const countOf = (stream: StreamName): StreamCount | null => {
    const open = touched.get(stream) ?? written.get(stream);
    return open === undefined ? counts.load(stream) : open.count;
  };

  const count = (open: OpenStream, recorded: RecordedEvent): void => {
    const isLatest = isLater(recorded.position);
    if (isLatest) reach = recorded.position;
    countEvent(open.count, recorded);
    spans.note(recorded, open.count.accountId, isLatest);
  };

  const write = db.transaction((position: Position) => {
    for (const [stream, { count, folds }] of touched) {
      if (count.events > 0) counts.save(stream, count);
      for (const each of folds) each.write();
    }
    spans.write();
    checkpoint.save(position, reach ?? position);
  });

  const begin = (onDisk: ReadonlyMap<StreamName, OpenStream>): void => {
    written = onDisk;
    touched = new Map();
    spans.clear();
  };

  return {
    batchEventsMax: commitEventsMax,
    reached: () => reach,
    load: async () => {
      begin(new Map());
      const saved = checkpoint.load();
      reach = saved.reach;
      return saved.position;
    },
    apply: (recorded) => {
      const open = unfolded(recorded);
      if (open === null) return;
      foldInto(open.folds, recorded);
      count(open, recorded);
    },
    skip: (recorded) => {
      // Nothing is decoded: it shows that there was such an event, and by whom.
      const open = unfolded(recorded);
      if (open === null) return;
      open.count.skipped += 1;
      count(open, recorded);
    },
    leaveOut: async (stream, skipped) => {
      const count = countOf(stream);
      if (count === null) return;
      const without = [...skipped].filter((revision) => revision < count.events).length;
      if (count.skipped === without) return;
      const folds = foldsOf(stream);
      for (const each of folds) each.forget();
      for (let next = 0; next < count.events; next += readPageEventsMax) {
        const page = await store.readStream(stream, { from: BigInt(next), limit: readPageEventsMax });
        for (const recorded of page) {
          if (recorded.revision < count.events && !skipped.has(recorded.revision)) foldInto(folds, recorded);
        }
      }
      count.skipped = without;
      touched.set(stream, { count, folds });
    },
    has: (stream, revision) => revision < (countOf(stream)?.events ?? 0),
    commit: (position) => {
      if (isLater(position)) reach = position;
      try {
        write.immediate(position);
      } catch (error) {
        // The consumer reads the batch again, and must find the rows as they are on disk.
        begin(new Map());
        throw error;
      }
      begin(touched);
    },
  };
};

/** All of them fold before any of them keeps the result: an event counts whole or not at all. */
const foldInto = (folds: readonly StreamFold[], recorded: RecordedEvent): void => {
  for (const each of folds) each.fold(recorded);
  for (const each of folds) each.keep();
};

/** Where the rows stand, and the last event that any of them may have: a stream that was caught up may be ahead of the rest. */
const openCheckpoint = (db: Database, { parsePosition }: Pick<EventStore, 'parsePosition'>) => {
  const one = db.prepare<[], { readonly position: string | null; readonly reach: string | null }>(
    'SELECT position, reach FROM checkpoint WHERE id = 1',
  );
  const put = db.prepare<[Position, Position]>('UPDATE checkpoint SET position = ?, reach = ? WHERE id = 1');
  const parsed = (text: string | null | undefined): Position | null =>
    text === null || text === undefined ? null : parsePosition(text);
  return {
    load: () => {
      const saved = one.get();
      return { position: parsed(saved?.position), reach: parsed(saved?.reach) };
    },
    save: (position: Position, reach: Position) => put.run(position, reach),
  };
};

/** The tables of a file of rows, empty and at the beginning. */
export const rowsDdl = (projections: readonly Foldable[]): string =>
  [
    `CREATE TABLE checkpoint (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  store_id TEXT,
  position TEXT,
  reach TEXT
) STRICT;
INSERT INTO checkpoint (id) VALUES (1);`,
    ...[streams, ...projections, audit].map(({ ddl }) => ddl),
  ].join('\n');
