import type { Database } from 'better-sqlite3';
import { type BareEvent, type EventStore, type Position, readPageEventsMax, type Sink, type StreamName } from '#events';
import { openAudit } from './audit.projection.ts';
import { createBatches } from './batches.ts';
import { openCheckpoint } from './checkpoint.ts';
import { batchEventsMax, commitEventsMax } from './limits.ts';
import { createOpenStreams, foldInto, type OpenStream } from './open-stream.ts';
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
 * have gone quiet are handed over to a thread before, which writes them while the next events are folded, and commits them
 * now and then unasked: a crash reads less again.
 */
export const createRowsSink = (
  db: Database,
  projections: readonly Foldable[],
  store: Pick<EventStore, 'readStream' | 'parsePosition' | 'comparePositions'>,
  eventsMax: { readonly batch: number; readonly commit: number } = { batch: batchEventsMax, commit: commitEventsMax },
): RowsSink => {
  const writer = createRowsWriter(db);
  const [counts, spans] = [openCounts(db, writer), openAudit(db, writer)];
  const foldsOf = openFolds(projections, db, writer);
  const checkpoint = openCheckpoint(db, writer, store);
  const streams = createOpenStreams();
  /** Those that are to be written. */
  const unwritten = createUnwritten(counts);
  let reach = checkpoint.load().reach;
  const save = (position: Position): void => checkpoint.save(position, reach ?? position);
  const batches = createBatches({ writer, streams, unwritten, spans, save, eventsMax });

  const isLater = (position: Position): boolean => reach === null || store.comparePositions(position, reach) > 0;

  const opened = ({ stream, revision, position }: BareEvent): OpenStream => {
    // Nothing on disk is of a later event than `reach`: the first of a stream there needs no looking for.
    const isNew = revision === 0n && isLater(position);
    const count = (isNew ? null : counts.load(stream)) ?? uncounted(stream);
    return { stream, count, folds: foldsOf(stream), stretch: batches.stretch(), isWritten: true };
  };

  /** The stream of an event that is not folded yet; `null` when it is. */
  const unfolded = (recorded: BareEvent): OpenStream | null => {
    const { stream, revision } = recorded;
    const known = streams.changed(stream);
    const open = known ?? streams.written(stream) ?? opened(recorded);
    if (known === undefined) streams.put(open);
    const { events } = open.count;
    if (revision > events)
      throw new Error(`read model has ${events} events of ${stream} and was given revision ${revision}`);
    return revision < events ? null : open;
  };

  /** How far a stream was counted, in memory or on disk. */
  const countOf = (stream: StreamName): StreamCount | null => {
    const open = streams.changed(stream) ?? streams.written(stream);
    return open === undefined ? counts.load(stream) : open.count;
  };

  const advance = ({ position }: BareEvent): void => {
    if (isLater(position)) reach = position;
  };

  const count = (open: OpenStream, recorded: BareEvent): void => {
    countEvent(open.count, recorded);
    advance(recorded);
    spans.note(recorded, open.count.accountId);
    open.stretch = batches.stretch();
    unwritten.add(open);
    batches.folded(recorded.position);
  };

  return {
    get batchEventsMax() {
      return batches.eventsMax();
    },
    reached: () => reach,
    load: async () => {
      await batches.begin();
      const saved = checkpoint.load();
      reach = saved.reach;
      return saved.position;
    },
    apply: (recorded) => {
      try {
        const open = unfolded(recorded);
        if (open === null) return;
        foldInto(open.folds, recorded);
        count(open, recorded);
      } catch (error) {
        batches.trouble();
        throw error;
      }
    },
    holdBack: (recorded) => {
      batches.trouble();
      advance(recorded);
      spans.holdBack(recorded, countOf(recorded.stream));
    },
    skip: (recorded) => {
      batches.trouble();
      // Nothing is decoded: it shows that there was such an event, and by whom.
      const open = unfolded(recorded);
      if (open === null) return;
      open.count.skipped += 1;
      count(open, recorded);
    },
    leaveOut: async (stream, skipped) => {
      batches.trouble();
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
      const open: OpenStream = { stream, count, folds, stretch: batches.stretch(), isWritten: true };
      streams.put(open);
      unwritten.add(open);
    },
    has: (stream, revision) => revision < (countOf(stream)?.events ?? 0),
    commit: async (position) => {
      if (isLater(position)) reach = position;
      await batches.commit(position);
    },
    close: writer.close,
  };
};
