import type { Position } from '#events';
import type { AuditSpans } from './audit.projection.ts';
import { handOverAfterEvents, handOverEventsMax } from './limits.ts';
import type { OpenStream, OpenStreams } from './open-stream.ts';
import type { RowsWriter } from './rows-writer.ts';
import type { Unwritten } from './unwritten.ts';

/** When what was folded is written: rows of streams that have gone quiet now and then, all of them at a commit. */
export type Batches = {
  /** Events that the consumer may give before it asks for a commit. */
  eventsMax(): number;
  /** Between which two hand-overs it is now. */
  stretch(): number;
  /** One more event is folded, and all before it. */
  folded(position: Position): void;
  /**
   * Some event was not simply folded: only the consumer knows then how far it is, and what it keeps of that has to be on
   * disk first.
   */
  trouble(): void;
  commit(position: Position): Promise<void>;
  /** Begins as it is on disk. */
  begin(): Promise<void>;
};

export type BatchParts = {
  readonly writer: RowsWriter;
  readonly streams: OpenStreams;
  readonly unwritten: Unwritten;
  readonly spans: AuditSpans;
  readonly save: (position: Position) => void;
  /** Events between two commits that the consumer asks for, and between any two. */
  readonly eventsMax: { readonly batch: number; readonly commit: number };
};

export const createBatches = ({ writer, streams, unwritten, spans, save, eventsMax }: BatchParts): Batches => {
  /** Events since the commit that was asked for, since any, and since rows were last handed over. */
  let [given, uncommitted, unhanded, stretch] = [0, 0, 0, 0];
  /** In this batch, and in the one before. */
  let [isTroubled, wasTroubled] = [false, false];

  const writeAll = (position: Position): void => {
    unwritten.writeAll();
    spans.write();
    save(position);
  };

  /** Of a long batch, what has gone quiet will hardly be asked for again. */
  const isRecent = ({ stretch: last }: OpenStream): boolean => last >= stretch - 1;

  /** What it writes stays at hand until it is on disk, and the spans until the batch ends. */
  const commitBehind = (position: Position): void => {
    writeAll(position);
    uncommitted = 0;
    streams.turn();
    writer.commitBehind(() => streams.keep(isRecent));
  };

  const handOver = (position: Position): void => {
    unhanded = 0;
    if (!writer.isReady()) return;
    unwritten.writeQuiet(stretch);
    stretch += 1;
    writer.handOver();
    const isDue = uncommitted >= eventsMax.commit && !writer.isUnsettled();
    if (isDue && !isTroubled && !unwritten.readsRows()) commitBehind(position);
  };

  const next = (): void => {
    [given, uncommitted, unhanded] = [0, 0, 0];
    [isTroubled, wasTroubled] = [false, isTroubled];
  };

  const beginAnew = (): void => {
    writer.rollback();
    streams.forget();
    unwritten.clear();
    next();
    spans.load();
  };

  return {
    eventsMax: () => (wasTroubled || !writer.hasThreads ? eventsMax.commit : eventsMax.batch),
    stretch: () => stretch,
    folded: (position) => {
      given += 1;
      uncommitted += 1;
      unhanded += 1;
      if (unhanded >= handOverEventsMax && given > handOverAfterEvents) handOver(position);
    },
    trouble: () => {
      isTroubled = true;
    },
    commit: async (position) => {
      try {
        // Rows that are made of rows are to see what that one wrote.
        if (writer.isUnsettled()) await writer.settled();
        writeAll(position);
        await writer.commit(given >= eventsMax.commit);
      } catch (error) {
        // The consumer reads the batch again, and must find the rows as they are on disk.
        beginAnew();
        throw error;
      }
      streams.turn();
      streams.keep(isRecent);
      next();
      spans.settle();
    },
    begin: async () => {
      if (writer.isUnsettled()) await writer.settled().catch(() => undefined);
      beginAnew();
    },
  };
};
