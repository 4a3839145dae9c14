import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { type EventStore, type JsonObject, type RecordedEvent, type StreamName, streamName } from '#events';
import { newEvent } from '../../../../test/conformance/new-events.ts';
import { freshFile, openFile } from '../../../../test/conformance/sqlite-files.ts';

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
const readAll = fc.record({ do: fc.constant('read-all' as const), limit });
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

const countOf = (position: string | null): string | undefined => position?.split('.').at(-1);
/** What two stores can be told apart by: everything but the name in the position tokens. */
const seenEvent = ({ position, ...rest }: RecordedEvent) => ({ ...rest, position: countOf(position) });

const take = async (store: EventStore, nameOf: (name: string) => StreamName, step: Resolved): Promise<unknown> => {
  switch (step.do) {
    case 'append': {
      const stream = nameOf(step.stream);
      const events = step.events.map(({ id, data }) => newEvent({ eventId: `${nameOf('')}${id}`, data }));
      const { revision, position } = await store.append(stream, events, step.expected);
      return { revision, position: countOf(position), head: countOf(await store.head()) };
    }
    case 'read-stream':
      return (await store.readStream(nameOf(step.stream), step)).map(seenEvent);
    case 'read-all': {
      const pages: unknown[] = [];
      for (let page = await store.readAll(step); ; page = await store.readAll({ ...step, after: page.next })) {
        pages.push({ events: page.events.map(seenEvent), next: countOf(page.next), end: page.end });
        if (page.end) return pages;
      }
    }
  }
};

/** An outcome that can be compared: what came back, or what was refused with everything it says. */
const outcomeOf = async (taken: Promise<unknown>): Promise<unknown> => {
  try {
    return { answer: await taken };
  } catch (error) {
    return { refused: String(error), detail: { ...(error instanceof Error ? error : null) } };
  }
};

test('given any history of appends and reads / when memory and sqlite live through it / then nobody can tell them apart', async () => {
  const { store: sqlite } = await openFile(await freshFile());
  const memory = createMemoryEventStore();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      const run = randomUUID();
      const nameOf = (name: string) => streamName('vm', `${run}-${name}`);
      const tried: Append[] = [];
      for (const one of steps) {
        const resolved = await resolve(memory, nameOf, tried, one);
        if (resolved.do === 'append') tried.push(resolved);
        const [ours, theirs] = [take(memory, nameOf, resolved), take(sqlite, nameOf, resolved)].map(outcomeOf);
        expect(await theirs).toEqual(await ours);
      }
    }),
    { numRuns: 150 },
  );
});

const resolve = async (
  store: EventStore,
  nameOf: (name: string) => StreamName,
  tried: readonly Append[],
  one: ValueOf<typeof step>,
): Promise<Resolved> => {
  if (one.do === 'append-next') {
    const last = (await store.readStream(nameOf(one.stream))).at(-1);
    return { ...one, do: 'append', expected: last?.revision ?? 'no-stream' };
  }
  if (one.do === 'repeat') return tried[one.which % tried.length] ?? { do: 'read-all', limit: 1 };
  return one;
};
