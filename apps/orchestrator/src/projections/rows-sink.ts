import type { Database } from 'better-sqlite3';
import { type BareEvent, type EventStore, type Position, readPageEventsMax, type Sink, type StreamName } from '#events';
import { openAudit } from './audit.projection.ts';
import { openCheckpoint } from './checkpoint.ts';
import { commitEventsMax, handOverAfterEvents, handOverEventsMax } from './limits.ts';
import { createTouched, foldInto, type OpenStream } from './open-stream.ts';
import { type Foldable, openFolds } from './projection.ts';
import { createRowsWriter } from './rows-writer.ts';
import { countEvent, openCounts, type StreamCount, uncounted } from './streams.projection.ts';
import { createUnwritten } from './unwritten.ts';

/** A sink that folds at once: what it has to read SQLite answers at once. */
export type RowsSink = Omit<
  Sink<BareEvent>,
  'batchEventsMax' | 'apply' | 'holdBack' | 'skip' | 'leaveOut' | 'has' | 'commit'
> & {
  readonly batchEventsMax: number;
  apply(event: BareEvent): void;
  /** Has the audit know of an event that cannot be folded yet. */
  holdBack(event: BareEvent): void;
  /** Goes past an event that somebody decided to do without: it counts in its stream, and nothing of its content is kept. */
  skip(event: BareEvent): void;
  /** Makes the rows of a stream anew when one of these events is in them. What it counts of the stream stays. */
  leaveOut(stream: StreamName, skipped: ReadonlySet<bigint>): Promise<void>;
  /** Whether an event of a stream is folded, or was gone past. */
  has(stream: StreamName, revision: bigint): boolean;
  commit(position: Position): Promise<void>;
  /** The furthest that the rows may have come, what is folded and not yet committed included. */
  reached(): Position | null;
  /** Resolves when nothing holds the file any more. What is not committed is lost. */
  close(): Promise<void>;
};

/**
 * Folds events into the rows of one file. A commit makes the changed rows and the checkpoint visible in one transaction, so
 * a crash shows either a batch whole or not at all. A repeated event does nothing. In a long batch the rows of streams that
 * have gone quiet are handed over to a thread before, which writes them while the next events are folded.
 */
export const createRowsSink = (
  db: Database,
  projections: readonly Foldable[],
  store: Pick<EventStore, 'readStream' | 'parsePosition' | 'comparePositions'>,
): RowsSink => {
  const writer = createRowsWriter(db);
  const [counts, spans] = [openCounts(db, writer), openAudit(db, writer)];
  const foldsOf = openFolds(projections, db, writer);
  const checkpoint = openCheckpoint(db, writer, store);
  /** What has changed since the last commit. */
  const touched = createTouched();
  /** What of it is to be written. */
  const unwritten = createUnwritten(counts);
  /** What the commit before has written, as it is on disk: a busy account is in every batch, and its row is long. */
  let written: ReadonlyMap<StreamName, OpenStream> = new Map();
  let reach = checkpoint.load().reach;
  /** Events since the last commit, and since rows were last handed over. */
  let [uncommitted, unhanded, stretch] = [0, 0, 0];

  const isLater = (position: Position): boolean => reach === null || store.comparePositions(position, reach) > 0;

  const opened = ({ stream, revision, position }: BareEvent): OpenStream => {
    // Nothing on disk is of a later event than `reach`: the first of a stream there needs no looking for.
    const isNew = revision === 0n && isLater(position);
    const count = (isNew ? null : counts.load(stream)) ?? uncounted(stream);
    return { stream, count, folds: foldsOf(stream), stretch, isWritten: true };
  };

  /** The stream of an event that is not folded yet; `null` when it is. */
  const unfolded = (recorded: BareEvent): OpenStream | null => {
    const { stream, revision } = recorded;
    const known = touched.get(stream);
    const open = known ?? written.get(stream) ?? opened(recorded);
    if (known === undefined) touched.put(open);
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

  const advance = ({ position }: BareEvent): void => {
    if (isLater(position)) reach = position;
  };

  const count = (open: OpenStream, recorded: BareEvent): void => {
    countEvent(open.count, recorded);
    advance(recorded);
    spans.note(recorded, open.count.accountId);
    open.stretch = stretch;
    unwritten.add(open);
    uncommitted += 1;
    unhanded += 1;
    if (unhanded >= handOverEventsMax && uncommitted > handOverAfterEvents) handOver();
  };

  const handOver = (): void => {
    unhanded = 0;
    if (!writer.isReady()) return;
    unwritten.writeQuiet(stretch);
    stretch += 1;
    writer.handOver();
  };

  const begin = (onDisk: ReadonlyMap<StreamName, OpenStream>): void => {
    written = onDisk;
    touched.clear();
    unwritten.clear();
    [uncommitted, unhanded] = [0, 0];
  };

  /** After a failure: as it is on disk. */
  const beginAnew = (): void => {
    writer.rollback();
    begin(new Map());
    spans.load();
  };

  return {
    batchEventsMax: commitEventsMax,
    reached: () => reach,
    load: async () => {
      beginAnew();
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
    holdBack: (recorded) => {
      advance(recorded);
      spans.holdBack(recorded, countOf(recorded.stream));
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
      unwritten.leaveOut(stream);
      const open: OpenStream = { stream, count, folds, stretch, isWritten: true };
      touched.put(open);
      unwritten.add(open);
    },
    has: (stream, revision) => revision < (countOf(stream)?.events ?? 0),
    commit: async (position) => {
      if (isLater(position)) reach = position;
      unwritten.writeAll();
      spans.write();
      checkpoint.save(position, reach ?? position);
      try {
        await writer.commit(uncommitted >= commitEventsMax);
      } catch (error) {
        // The consumer reads the batch again, and must find the rows as they are on disk.
        beginAnew();
        throw error;
      }
      // Of a long batch, what has gone quiet will hardly be asked for again.
      begin(new Map([...touched.all()].filter(([, { stretch: last }]) => last >= stretch - 1)));
      spans.settle();
    },
    close: writer.close,
  };
};
