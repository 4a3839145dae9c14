import {
  BACKWARDS,
  END,
  FORWARDS,
  type KurrentDBClient,
  type ReadStreamOptions,
  type ResolvedEvent,
  START,
  StreamNotFoundError,
  streamNameFilter,
} from '@kurrent/kurrentdb-client';
import {
  categories,
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
import type { KnownStreams } from './known-streams.ts';
import type { Link } from './link.ts';
import { toRecorded } from './records.ts';

/** Reads from the leader, each repeated until it came whole. */
export type Reader = {
  readStream(
    stream: StreamName,
    from: bigint | undefined,
    limit: number | undefined,
  ): Promise<readonly RecordedEvent[]>;
  readAll(after: Position | null, limit: number | undefined): Promise<ReadPage>;
  /** Place of the newest event; 0 when there is none. */
  head(): Promise<number>;
  /** Told of an event of ours that lies there. */
  saw(position: number): void;
};

/** What the server sends of everything: streams of ours, and none of its own. */
export const oursOnly = (prefix: string) =>
  streamNameFilter({ prefixes: categories.map((category) => `${prefix}${category}-`), maxSearchWindow: 1_000 });

/** A reader of one store, which tells what it read of each stream. */
export const createReader = (link: Link, positions: Positions, known: KnownStreams): Reader => {
  const filter = oursOnly(link.prefix);
  const asLeader = { requiresLeader: true, ...link.asUser } as const;
  let newestSeen = 0;
  const saw = (position: number): void => {
    newestSeen = Math.max(newestSeen, position);
  };
  const recorded = (resolved: ResolvedEvent): RecordedEvent => {
    const event = toRecorded(link, positions, resolved);
    saw(positions.countOf(event.position));
    return event;
  };

  const head = (): Promise<number> =>
    link.run('read the newest event', 'read', async (client) => {
      const options = { direction: BACKWARDS, fromPosition: END, maxCount: 1, filter, ...asLeader } as const;
      for await (const resolved of client.readAll(options)) return positions.countOf(recorded(resolved).position);
      return 0;
    });

  const checkNotAhead = async (after: Position): Promise<void> => {
    if (positions.countOf(after) <= newestSeen) return;
    const newest = await head();
    if (positions.countOf(after) > newest) throw new PositionAhead(after, newest === 0 ? null : positions.of(newest));
  };

  return {
    head,
    saw,
    readStream: async (stream, from, limit) => {
      const fromRevision = BigInt(startRevision(from));
      const maxCount = pageEvents(limit);
      const page = await link.run(`read ${stream}`, 'read', (client) =>
        collect(client, `${link.prefix}${stream}`, { fromRevision, maxCount, ...asLeader }, recorded),
      );
      known.learn(stream, page);
      return page;
    },
    readAll: async (after, limit) => {
      const count = pageEvents(limit);
      if (after !== null) await checkNotAhead(after);
      return link.run('read all', 'read', async (client) => {
        const at = after === null ? null : BigInt(positions.countOf(after));
        const options = {
          direction: FORWARDS,
          fromPosition: at === null ? START : { commit: at, prepare: at },
          // The one it starts at, which was read before, and one more: whether there is one is whether this is the end.
          maxCount: count + (at === null ? 1 : 2),
          filter,
          ...asLeader,
        } as const;
        return pageOf(client.readAll(options), after, count, recorded);
      });
    },
  };
};

type StreamPage = ReadStreamOptions & { readonly fromRevision: bigint; readonly maxCount: number };

const collect = async (
  client: KurrentDBClient,
  stream: string,
  page: StreamPage,
  recorded: (resolved: ResolvedEvent) => RecordedEvent,
): Promise<readonly RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  try {
    const options = { ...page, direction: FORWARDS } as const;
    for await (const resolved of client.readStream(stream, options)) events.push(recorded(resolved));
  } catch (error) {
    if (!(error instanceof StreamNotFoundError)) throw error;
  }
  return events;
};

const pageOf = async (
  stream: AsyncIterable<ResolvedEvent>,
  after: Position | null,
  limit: number,
  recorded: (resolved: ResolvedEvent) => RecordedEvent,
): Promise<ReadPage> => {
  const events: RecordedEvent[] = [];
  let bytes = 0;
  let end = true;
  for await (const resolved of stream) {
    const event = recorded(resolved);
    if (event.position === after) continue;
    if (events.length === limit || bytes >= readPageBytesMax) {
      end = false;
      break;
    }
    bytes += JSON.stringify(event.data).length;
    events.push(event);
  }
  return { events, next: events.at(-1)?.position ?? after, end };
};
