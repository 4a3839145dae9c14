import { setImmediate } from 'node:timers/promises';
import {
  admitAppend,
  type Checkpoints,
  type Clock,
  ConcurrencyConflict,
  createBell,
  createPositions,
  type EventStore,
  firstRevision,
  follow,
  type Ids,
  isoTime,
  type Leases,
  type Position,
  type Positions,
  type ReadPage,
} from '#events';
import { createNewest } from './newest.ts';
import { createPace } from './pace.ts';
import { openReader, type Reader } from './reader.ts';
import { createTail, type Nudge } from './tail.ts';
import { type LogReport, verifySqliteLog } from './verify-log.ts';
import { startWriterThread, type WriterThread } from './writer-thread.ts';

export type SqliteStoreOptions = {
  readonly file: string;
  /** Times the leases and the poll of the tails. */
  readonly clock: Clock;
  /** Makes the id of a new store. */
  readonly ids: Ids;
  /** Wakes the tails of other processes on the same file, sooner than their poll would. */
  readonly nudge?: Nudge;
};

export type SqliteStore = {
  readonly store: EventStore;
  readonly checkpoints: Checkpoints;
  readonly leases: Leases;
  verifyLog(): Promise<LogReport>;
  /** The same as closing the store. */
  close(): Promise<void>;
};

/**
 * The event store in one SQLite file, made when it is not there. Several processes may have it open. An append resolves
 * when it is on disk (WAL, synchronous=FULL); appends that wait together are committed together.
 * Refuses with StoreUnavailable a file that is not ours, is newer than us, or is damaged.
 */
export const openSqliteStore = async ({ file, clock, ids, nudge }: SqliteStoreOptions): Promise<SqliteStore> => {
  const bell = createBell();
  const pace = createPace(() => {
    bell.ring();
    nudge?.nudge();
  });
  const writer = await startWriterThread({ file, newStoreId: ids.uuid() }, pace.appended);
  const positions = createPositions(writer.storeId);
  const reader = await openBeside(writer, () => openReader(file, positions));
  const tail = createTail(reader, bell, clock, nudge);
  const newest = createNewest(reader, positions);
  /** Nothing else waits here: who reads a long history page after page would keep timers and requests from their turn. */
  const inTurn = async <Page extends { readonly end: boolean }>(page: Page): Promise<Page> => {
    if (!page.end) await setImmediate();
    return page;
  };
  const readAll = async (after: Position | null, limit: number | undefined): Promise<ReadPage> =>
    inTurn(newest.readAll(after, limit));

  const close = async (): Promise<void> => {
    // The last connection to close tidies the log away, and only the writer's can.
    reader.close();
    tail.stop();
    await writer.close();
  };
  const store: EventStore = {
    storeId: writer.storeId,
    append: createAppend(writer, positions),
    readStream: async (stream, { from, limit } = {}) => reader.readStream(stream, from, limit),
    readAll: ({ after = null, limit } = {}) => readAll(after, limit),
    readAllBare: async ({ after = null, limit } = {}) => inTurn(newest.readAllBare(after, limit)),
    subscribe: ({ after, signal }) => {
      if (after !== null) positions.countOf(after);
      tail.start();
      const readPage = async (next: Position | null) => {
        await pace.calm();
        return readAll(next, undefined);
      };
      return follow(readPage, bell, { after, signal });
    },
    head: async () => {
      const count = reader.head();
      return count === null ? null : positions.of(count);
    },
    positionAt: async (time) => {
      const count = reader.countAt(isoTime(time));
      return count === null || count === 0 ? null : positions.of(count);
    },
    comparePositions: positions.compare,
    parsePosition: positions.parse,
    close,
  };
  return {
    store,
    checkpoints: createCheckpoints(writer, reader, positions),
    leases: createLeases(writer, clock),
    verifyLog: () => verifySqliteLog({ file }),
    close,
  };
};

const openBeside = async (writer: WriterThread, open: () => Reader): Promise<Reader> => {
  try {
    return open();
  } catch (error) {
    await writer.close();
    throw error;
  }
};

const createAppend =
  (writer: WriterThread, positions: Positions): EventStore['append'] =>
  async (stream, events, expected) => {
    const first = Number(firstRevision(stream, expected));
    const result = await writer.write({ kind: 'append', stream, first, events: admitAppend(stream, events) });
    if (result.kind === 'appended') {
      return { revision: BigInt(result.revision), position: positions.of(result.count) };
    }
    if (result.kind !== 'conflict') throw new Error(`BUG: an append was answered with ${result.kind}`);
    const { actual, duplicateId } = result;
    throw new ConcurrencyConflict(stream, expected, actual === null ? 'no-stream' : BigInt(actual), duplicateId);
  };

const createCheckpoints = (writer: WriterThread, reader: Reader, positions: Positions): Checkpoints => ({
  load: async (consumer) => {
    const count = reader.checkpoint(consumer);
    if (count === undefined) return 'none';
    return count === null ? null : positions.of(count);
  },
  save: async (consumer, position) => {
    const count = position === null ? null : positions.countOf(position);
    await writer.write({ kind: 'save-checkpoint', consumer, count });
  },
});

const createLeases = (writer: WriterThread, clock: Clock): Leases => ({
  acquire: async (name, holder, ttlMs) => {
    // The table takes whole milliseconds; rounded down, a lease ends early rather than late.
    const now = Math.floor(clock.now());
    const expiresAt = Math.floor(now + ttlMs);
    const result = await writer.write({ kind: 'acquire-lease', name, holder, now, expiresAt });
    if (result.kind !== 'lease') throw new Error(`BUG: a lease was answered with ${result.kind}`);
    return result.token === null ? null : BigInt(result.token);
  },
  release: async (name, holder) => {
    await writer.write({ kind: 'release-lease', name, holder });
  },
});
