import {
  type Checkpoints,
  type Clock,
  createBell,
  createInstants,
  createPositions,
  type EventStore,
  follow,
  type Ids,
  type Leases,
  type Position,
} from '#events';
import { createAppender } from './append.ts';
import { createCheckpoints } from './checkpoints.ts';
import { parseStoreAddress } from './connection-string.ts';
import { storeFault } from './faults.ts';
import { createKnownStreams } from './known-streams.ts';
import { createLeases } from './leases.ts';
import { closeWaitMs } from './limits.ts';
import { createLink } from './link.ts';
import { createReader } from './reader.ts';
import { storeIdOf } from './store-id.ts';
import { createTail } from './tail.ts';

export type KurrentStoreOptions = {
  /** `kurrentdb://…` or `kurrentdb+discover://…`, with credentials in it where there are any. */
  readonly url: string;
  /** Times the leases, the retries and the poll of the tails. */
  readonly clock: Clock;
  readonly ids: Ids;
  /** How long a call is repeated while no leader answers. */
  readonly patienceMs?: number;
  /** How long one try of it may take. */
  readonly callTimeoutMs?: number;
};

export type KurrentStore = {
  readonly store: EventStore;
  readonly checkpoints: Checkpoints;
  readonly leases: Leases;
  /** The same as closing the store. */
  close(): Promise<void>;
};

/**
 * The event store in a KurrentDB, or in a cluster of them. An append resolves when the server has committed it. Refuses
 * with InvalidStoreUrl an address that cannot be used, with StoreUnavailable a server that does not answer in time.
 */
export const openKurrentStore = async ({ url, clock, ids, ...times }: KurrentStoreOptions): Promise<KurrentStore> => {
  const link = createLink({ address: parseStoreAddress(url), clock, ...times });
  const storeId = await storeIdOf(link, ids).catch(async (error: unknown) => {
    await link.close();
    throw error;
  });
  const positions = createPositions(storeId);
  const known = createKnownStreams();
  const bell = createBell();
  const reader = createReader(link, positions, known);
  const appender = createAppender({ link, reader, known, positions, appended: bell.ring });
  const tail = createTail(link, bell, clock);
  let isClosed = false;

  const close = async (): Promise<void> => {
    isClosed = true;
    tail.stop();
    // A server that is gone must not hold the program: what still waits for it then is told that the store is closed.
    const enough = new AbortController();
    await Promise.race([appender.settled(), clock.sleep(closeWaitMs, enough.signal)]);
    enough.abort();
    await link.close();
  };
  const open =
    <Arguments extends readonly unknown[], Result>(call: (...args: Arguments) => Promise<Result>) =>
    async (...args: Arguments): Promise<Result> => {
      if (isClosed) throw storeFault(link.shown, 'closed', 'it is closed');
      return call(...args);
    };
  const readAll = open((after: Position | null, limit: number | undefined) => reader.readAll(after, limit));
  const readAllOf: EventStore['readAll'] = ({ after = null, limit } = {}) => readAll(after, limit);
  const instants = createInstants(readAllOf);
  const store: EventStore = {
    storeId,
    append: open(appender.append),
    readStream: open((stream, { from, limit } = {}) => reader.readStream(stream, from, limit)),
    readAll: readAllOf,
    readAllBare: readAllOf,
    subscribe: ({ after, signal }) => {
      if (after !== null) positions.countOf(after);
      tail.start();
      return follow((next) => readAll(next, undefined), bell, { after, signal });
    },
    head: open(async () => {
      const newest = await reader.head();
      return newest === 0 ? null : positions.of(newest);
    }),
    positionAt: instants.positionAt,
    comparePositions: positions.compare,
    parsePosition: positions.parse,
    close,
  };
  return { store, checkpoints: createCheckpoints(link, ids, positions), leases: createLeases(link, ids, clock), close };
};
