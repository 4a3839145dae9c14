import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect } from 'vitest';
import {
  type BareEvent,
  type EventStore,
  type JsonObject,
  type Position,
  type RecordedEvent,
  type StreamName,
  streamName,
} from '#events';
import { asBare, newEvent } from './new-events.ts';

// Small ranges on purpose: streams, revisions and ids must collide for repeats and conflicts to happen.
const stream = fc.constantFrom('a', 'b', 'c');
const revision = fc.bigInt({ min: 0n, max: 8n });
const limit = fc.integer({ min: 1, max: 5 });
const event = fc.record({ id: fc.nat({ max: 40 }), data: fc.constantFrom<JsonObject>({}, { n: 1 }, { '': null }) });
const events = fc.array(event, { maxLength: 4 });

const append = fc.record({
  do: fc.constant('append' as const),
  stream,
  expected: fc.oneof(fc.constant('no-stream' as const), revision),
  events,
});
/** An append where the stream is, which is how streams grow. */
const appendNext = fc.record({ do: fc.constant('append-next' as const), stream, events });
/** An append that was already tried, once more. */
const repeat = fc.record({ do: fc.constant('repeat' as const), which: fc.nat({ max: 40 }) });
const readStream = fc.record({ do: fc.constant('read-stream' as const), stream, from: revision, limit });
const readAll = fc.record({ do: fc.constant('read-all' as const), isBare: fc.boolean(), limit });
const step = fc.oneof(
  { weight: 2, arbitrary: append },
  { weight: 5, arbitrary: appendNext },
  { weight: 3, arbitrary: repeat },
  { weight: 2, arbitrary: readStream },
  { weight: 2, arbitrary: readAll },
);

type ValueOf<Arbitrary> = Arbitrary extends fc.Arbitrary<infer Value> ? Value : never;
type Append = ValueOf<typeof append>;
type Resolved = Append | ValueOf<typeof readStream> | ValueOf<typeof readAll>;

/** What streams and events of one run are called, in every store alike. */
type Names = {
  readonly streamOf: (name: string) => StreamName;
  readonly idOf: (stream: string, id: number) => string;
};

export type DifferentialOptions = {
  /** Where an id is refused the second time: what the weakest of the stores promises. */
  readonly idsAreUniqueIn: 'store' | 'stream';
  readonly runs: number;
};

/**
 * Lets stores live through the same random histories of appends, repeats and reads, and fails where anybody could tell
 * them apart. They may count their positions as they like: compared is where in this run's log a position lies.
 */
export const expectNoDifference = (stores: readonly EventStore[], options: DifferentialOptions): Promise<void> =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      const run = randomUUID();
      const names: Names = {
        streamOf: (name) => streamName('vm', `${run}-${name}`),
        idOf: (stream, id) => `${run}-${options.idsAreUniqueIn === 'stream' ? stream : ''}${id}`,
      };
      const seats = await Promise.all(stores.map(async (store) => seatAt(store, await store.head(), names)));
      const tried: Append[] = [];
      for (const one of steps) {
        const resolved = await resolve(stores[0], names, tried, one);
        if (resolved.do === 'append') tried.push(resolved);
        const [first, ...others] = await Promise.all(seats.map((seat) => outcomeOf(seat(resolved))));
        for (const other of others) expect(other).toEqual(first);
      }
    }),
    { numRuns: options.runs },
  );

type Seat = (step: Resolved) => Promise<unknown>;

/** One store from the place on where a run begins in it. */
const seatAt = (store: EventStore, begin: Position | null, names: Names): Seat => {
  const ranks = new Map<Position | null, number>([[begin, 0]]);
  /** The how manieth of this run an event is: read out of the log as it stands, since a store may leave gaps. */
  const rankOf = async (position: Position | null): Promise<number | undefined> => {
    if (!ranks.has(position)) {
      let count = 0;
      for (let page = await store.readAll({ after: begin }); ; page = await store.readAll({ after: page.next })) {
        for (const recorded of page.events) {
          count += 1;
          ranks.set(recorded.position, count);
        }
        if (page.end) break;
      }
    }
    return ranks.get(position);
  };
  const seenBare = async (event: BareEvent) => {
    const { position, ...rest } = asBare(event);
    return { ...rest, rank: await rankOf(position) };
  };
  const seen = async ({ position, ...rest }: RecordedEvent) => ({ ...rest, rank: await rankOf(position) });
  const pageBare = async (options: Parameters<typeof store.readAll>[0]) => {
    const page = await store.readAllBare(options);
    return [page, await Promise.all(page.events.map(seenBare))] as const;
  };
  const pageWhole = async (options: Parameters<typeof store.readAll>[0]) => {
    const page = await store.readAll(options);
    return [page, await Promise.all(page.events.map(seen))] as const;
  };
  return async (step) => {
    switch (step.do) {
      case 'append': {
        const made = step.events.map(({ id, data }) => newEvent({ eventId: names.idOf(step.stream, id), data }));
        const { revision, position } = await store.append(names.streamOf(step.stream), made, step.expected);
        return { revision, rank: await rankOf(position), head: await rankOf(await store.head()) };
      }
      case 'read-stream':
        return Promise.all((await store.readStream(names.streamOf(step.stream), step)).map(seen));
      case 'read-all': {
        const pages: unknown[] = [];
        for (let after = begin; ; ) {
          const options = { after, limit: step.limit };
          const [page, events] = await (step.isBare ? pageBare(options) : pageWhole(options));
          pages.push({ events, next: await rankOf(page.next), end: page.end });
          if (page.end) return pages;
          after = page.next;
        }
      }
    }
  };
};

/** An outcome that can be compared: what came back, or what was refused with everything it says. */
const outcomeOf = async (taken: Promise<unknown>): Promise<unknown> => {
  try {
    return { answer: await taken };
  } catch (error) {
    return { refused: String(error), detail: { ...(error instanceof Error ? error : null) } };
  }
};

const resolve = async (
  store: EventStore | undefined,
  names: Names,
  tried: readonly Append[],
  one: ValueOf<typeof step>,
): Promise<Resolved> => {
  if (one.do === 'append-next') {
    const last = (await store?.readStream(names.streamOf(one.stream)))?.at(-1);
    return { ...one, do: 'append', expected: last?.revision ?? 'no-stream' };
  }
  if (one.do === 'repeat') return tried[one.which % tried.length] ?? { do: 'read-all', isBare: false, limit: 1 };
  return one;
};
