import {
  type AdmittedEvent,
  type Appended,
  admitAppend,
  ConcurrencyConflict,
  createBell,
  createPositions,
  type EventStore,
  firstRevision,
  follow,
  genesisHash,
  isoTime,
  linkHash,
  type Position,
  PositionAhead,
  pageEvents,
  type RecordedEvent,
  readPageBytesMax,
  StoreUnavailable,
  type StreamName,
  startRevision,
} from '#events';

type Row = AdmittedEvent & {
  readonly stream: StreamName;
  readonly revision: bigint;
  readonly count: number;
  readonly prevHash: string;
  readonly hash: string;
};

/**
 * The event store in this process's memory, for tests and the simulator: same rules as every other, gone with the process.
 * Stores that meet each other's positions in a test need different ids.
 */
export const createMemoryEventStore = ({ storeId = 'memory' }: { readonly storeId?: string } = {}): EventStore => {
  const positions = createPositions(storeId);
  const log: Row[] = [];
  /** The latest time recorded up to each row of the log. */
  const latest: string[] = [];
  const streams = new Map<StreamName, Row[]>();
  const ids = new Set<string>();
  const bell = createBell();
  let closed = false;

  const checkOpen = () => {
    if (closed) throw new StoreUnavailable('closed', `event store ${storeId} is closed; open it again`);
  };
  const recorded = ({ dataText, count, ...row }: Row): RecordedEvent => ({
    ...row,
    data: JSON.parse(dataText),
    position: positions.of(count),
  });
  const newest = (): Position | null => (log.length === 0 ? null : positions.of(log.length));
  const resultAt = ({ revision, count }: Row): Appended => ({ revision, position: positions.of(count) });

  const append: EventStore['append'] = async (stream, events, expected) => {
    const first = firstRevision(stream, expected);
    const admitted = admitAppend(stream, events);
    checkOpen();
    const rows = streams.get(stream) ?? [];
    if (first !== BigInt(rows.length)) {
      const repeated = lastOfRepeat(stream, rows, admitted, Number(first));
      if (repeated !== null) return resultAt(repeated);
      throw new ConcurrencyConflict(stream, expected, rows.at(-1)?.revision ?? 'no-stream');
    }
    const duplicate = admitted.find(({ eventId }) => ids.has(eventId));
    if (duplicate !== undefined) throw new ConcurrencyConflict(stream, expected, expected, duplicate.eventId);
    let last: Row | undefined = rows.at(-1);
    for (const event of admitted) {
      const revision: bigint = last === undefined ? 0n : last.revision + 1n;
      const prevHash: string = last?.hash ?? genesisHash;
      const hash = linkHash(event, stream, revision, prevHash);
      last = { ...event, stream, revision, count: log.length + 1, prevHash, hash };
      rows.push(last);
      log.push(last);
      latest.push(laterOf(latest.at(-1), event.recordedAt));
      ids.add(event.eventId);
    }
    streams.set(stream, rows);
    bell.ring();
    if (last === undefined) throw new Error('BUG: an admitted append has events');
    return resultAt(last);
  };

  const readAll: EventStore['readAll'] = async ({ after = null, limit } = {}) => {
    checkOpen();
    const from = after === null ? 0 : positions.countOf(after);
    if (after !== null && from > log.length) throw new PositionAhead(after, newest());
    const page = pageOf(log, from, pageEvents(limit));
    const last = page.at(-1);
    return {
      events: page.map(recorded),
      next: last === undefined ? after : positions.of(last.count),
      end: from + page.length >= log.length,
    };
  };

  return {
    storeId,
    append,
    readAll,
    readAllBare: readAll,
    readStream: async (stream, { from, limit } = {}) => {
      checkOpen();
      const start = startRevision(from);
      return (streams.get(stream) ?? []).slice(start, start + pageEvents(limit)).map(recorded);
    },
    subscribe: ({ after, signal }) => {
      if (after !== null) positions.countOf(after);
      return follow((next) => readAll({ after: next }), bell, { after, signal });
    },
    head: async () => {
      checkOpen();
      return newest();
    },
    positionAt: async (time) => {
      checkOpen();
      const count = countUpTo(latest, isoTime(time));
      return count === 0 ? null : positions.of(count);
    },
    comparePositions: positions.compare,
    parsePosition: positions.parse,
    close: async () => {
      closed = true;
      bell.ring();
    },
  };
};

/** The last row of an append that is recorded already, event for event and byte for byte; `null` when it is not. */
const lastOfRepeat = (
  stream: StreamName,
  rows: readonly Row[],
  events: readonly AdmittedEvent[],
  first: number,
): Row | null => {
  const recorded = rows.slice(first, first + events.length);
  const same = events.every((event, index) => {
    const row = recorded[index];
    return row !== undefined && linkHash(event, stream, row.revision, row.prevHash) === row.hash;
  });
  return same ? (recorded.at(-1) ?? null) : null;
};

const laterOf = (before: string | undefined, time: string): string =>
  before !== undefined && before > time ? before : time;

/** How many of these texts, which never fall, come before the first that is greater. */
const countUpTo = (rising: readonly string[], wanted: string): number => {
  let [low, high] = [0, rising.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rising[middle] ?? '') > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
};

/** Rows from an index on, ended by count or by bytes, at least one where there is one. */
const pageOf = (log: readonly Row[], from: number, limit: number): readonly Row[] => {
  const page: Row[] = [];
  let bytes = 0;
  for (let index = from; page.length < limit; index += 1) {
    const row = log[index];
    if (row === undefined) break;
    page.push(row);
    bytes += row.dataText.length;
    if (bytes >= readPageBytesMax) break;
  }
  return page;
};
