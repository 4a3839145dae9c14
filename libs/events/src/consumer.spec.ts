import { describe, expect, test } from 'vitest';
import { createManualClock, createMemoryEventStore } from '#adapters/memory';
import { UnknownEvent } from './codec.ts';
import { type Consumer, createConsumer } from './consumer.ts';
import type { NewEvent, Position, RecordedEvent, StreamName } from './envelope.ts';
import { eventIdOf } from './identity.ts';
import { consumerAttemptsMax } from './limits.ts';
import { streamName } from './names.ts';
import { BusUnavailable } from './ports/bus.ts';
import { type EventStore, StoreUnavailable } from './ports/event-store.ts';
import type { Sink } from './sink.ts';

const [a, b] = [streamName('vm', 'a'), streamName('vm', 'b')];
const now = Date.UTC(2030, 0, 1);
const clock = { now: () => now, sleep: async () => undefined };

const event = (type: string, id: string, version = 1): NewEvent => ({
  ...{ eventId: eventIdOf(id, 0), type, version, data: {}, recordedAt: '2030-01-01T00:00:00.000Z' },
  ...{ actor: 'system:test', correlationId: 'a', causationId: 'a', traceparent: null },
});

/** Appends in order; returns the position of the last. */
const record = async (store: EventStore, stream: StreamName, ...types: readonly string[]): Promise<Position> => {
  let { length } = await store.readStream(stream);
  let last: Position | null = null;
  for (const type of types) {
    const [name = '', version = '1'] = type.split('@');
    const expected = length === 0 ? 'no-stream' : BigInt(length - 1);
    last = (await store.append(stream, [event(name, `${stream}/${length}`, Number(version))], expected)).position;
    length += 1;
  }
  return last ?? expect.fail('nothing recorded');
};

/** A sink that reads what its build knows, and keeps what it handled beside its checkpoint. */
const createReader = (knows: readonly string[]) => {
  const handled: string[] = [];
  let saved: Position | null = null;
  let fault: ((recorded: RecordedEvent) => void) | null = null;
  const sink: Sink = {
    load: async () => saved,
    apply: (recorded) => {
      fault?.(recorded);
      const { stream, revision, type, version } = recorded;
      if (stream.startsWith('parked-')) return;
      if (!knows.includes(`${type}@${version}`))
        throw new UnknownEvent('type', `${type}@${version} at ${stream}@${revision}`);
      handled.push(`${stream}@${revision}`);
    },
    commit: (position) => {
      saved = position;
    },
  };
  return {
    ...{ sink, handled, saved: () => saved },
    failWith: (next: ((recorded: RecordedEvent) => void) | null): void => {
      fault = next;
    },
  };
};

const consume = (store: EventStore, sink: Sink): Consumer =>
  createConsumer({ name: 'reader', store, clock, sink, log: () => undefined });

const drain = async (consumer: Consumer): Promise<void> => {
  while ((await consumer.runOnce()) > 0);
};

const parkedTypes = async (store: EventStore) =>
  (await store.readStream(streamName('parked', 'reader'))).map(({ type }) => type);

describe('a consumer and an event it cannot read', () => {
  test.each(['Unknown@1', 'Known@2'])(
    'given %s, then only its stream is blocked, and it is parked by name',
    async (bad) => {
      const store = createMemoryEventStore();
      const reader = createReader(['Known@1']);
      await record(store, a, 'Known', bad, 'Known');
      await record(store, b, 'Known', 'Known');
      const consumer = consume(store, reader.sink);
      await drain(consumer);
      expect(reader.handled).toEqual(['vm-a@0', 'vm-b@0', 'vm-b@1']);
      expect(consumer.status()).toMatchObject({ caughtUp: true, parkedCount: 1, oldestParkedAt: now });
      expect(consumer.parked()).toMatchObject([
        { stream: 'vm-a', revision: 1n, attempts: 1, reason: `${bad} at vm-a@1` },
      ]);
      expect(await parkedTypes(store)).toEqual(['EventParked']);
    },
  );

  test('given a restart of the same build, then it stays blocked, is parked once and nothing is handled twice', async () => {
    const store = createMemoryEventStore();
    const reader = createReader(['Known@1']);
    await record(store, a, 'Known', 'Unknown', 'Known');
    await drain(consume(store, reader.sink));
    const restarted = consume(store, reader.sink);
    await record(store, a, 'Known');
    await drain(restarted);
    expect(reader.handled).toEqual(['vm-a@0']);
    expect(await parkedTypes(store)).toEqual(['EventParked']);
    expect(restarted.parked()).toHaveLength(1);
  });

  test('given a newer build, when it starts, then the stream is caught up in order and settled; an older one parks again', async () => {
    const store = createMemoryEventStore();
    const older = createReader(['Known@1']);
    await record(store, a, 'Known', 'Unknown', 'Known');
    await record(store, b, 'Known');
    await drain(consume(store, older.sink));
    const newer = createReader(['Known@1', 'Unknown@1']);
    newer.sink.commit(older.saved() ?? expect.fail('no checkpoint'), '');
    const consumer = consume(store, newer.sink);
    await drain(consumer);
    await record(store, a, 'Known');
    await drain(consumer);
    expect(newer.handled).toEqual(['vm-a@1', 'vm-a@2', 'vm-a@3']);
    expect(consumer.parked()).toEqual([]);
    expect(await parkedTypes(store)).toEqual(['EventParked', 'ParkedEventHandled']);
    older.sink.commit((await record(store, b, 'Known')) as Position, '');
    await record(store, a, 'Unknown');
    const rolledBack = consume(store, older.sink);
    await drain(rolledBack);
    expect(rolledBack.parked()).toMatchObject([{ stream: 'vm-a', revision: 4n }]);
    expect(await parkedTypes(store)).toEqual(['EventParked', 'ParkedEventHandled', 'EventParked']);
  });

  test('given a build told to begin again, when it still cannot read what a newer one settled, then it parks it again', async () => {
    const store = createMemoryEventStore();
    await record(store, a, 'Unknown');
    let at = now;
    const ticking = { now: () => at++, sleep: async () => undefined };
    const run = (knows: readonly string[], from: Position | null) => {
      const reader = createReader(knows);
      if (from !== null) reader.sink.commit(from, '');
      return createConsumer({ name: 'reader', store, clock: ticking, sink: reader.sink, log: () => undefined });
    };
    const first = run([], null);
    await drain(first);
    await drain(run(['Unknown@1'], first.status().position));
    await drain(run([], null));
    expect(await parkedTypes(store)).toEqual(['EventParked', 'ParkedEventHandled', 'EventParked']);
  });
});

describe('a consumer and things that fail', () => {
  test('given a bug in one event, then it is tried a few times, parked, and the others go on', async () => {
    const store = createMemoryEventStore();
    const reader = createReader(['Known@1']);
    let tries = 0;
    reader.failWith(({ stream }) => {
      if (stream !== a) return;
      tries += 1;
      throw new TypeError('x is undefined');
    });
    await record(store, a, 'Known');
    await record(store, b, 'Known');
    const consumer = consume(store, reader.sink);
    await drain(consumer);
    expect(tries).toBe(consumerAttemptsMax);
    expect(reader.handled).toEqual(['vm-b@0']);
    expect(consumer.parked()).toMatchObject([{ reason: 'x is undefined', attempts: consumerAttemptsMax }]);
  });

  test.each([new StoreUnavailable('busy', 'busy'), new BusUnavailable('away')])(
    'given $name, then nothing is parked or passed over, and it is handled once it works again',
    async (lost) => {
      const store = createMemoryEventStore();
      const reader = createReader(['Known@1']);
      await record(store, a, 'Known', 'Known');
      const consumer = consume(store, reader.sink);
      reader.failWith(({ revision }) => {
        if (revision === 1n) throw lost;
      });
      await expect(consumer.runOnce()).rejects.toBe(lost);
      expect(reader.saved()).toBeNull();
      reader.failWith(null);
      await drain(consumer);
      expect(reader.handled.at(-1)).toBe('vm-a@1');
      expect(await parkedTypes(store)).toEqual([]);
    },
  );

  test('given a store lost while parked streams are retried at start, then none of them is forgotten', async () => {
    const store = createMemoryEventStore();
    const older = createReader([]);
    await record(store, a, 'Known');
    await record(store, b, 'Known');
    await drain(consume(store, older.sink));
    const newer = createReader(['Known@1']);
    newer.sink.commit(older.saved() ?? expect.fail('no checkpoint'), '');
    newer.failWith(() => {
      throw new StoreUnavailable('busy', 'busy');
    });
    const consumer = consume(store, newer.sink);
    await expect(consumer.runOnce()).rejects.toThrow(StoreUnavailable);
    newer.failWith(null);
    await drain(consumer);
    expect(newer.handled).toEqual(['vm-a@0', 'vm-b@0']);
    expect(consumer.parked()).toEqual([]);
  });
});

describe('a consumer whose sink takes more than a page at once', () => {
  /** A store that gives out two events a page, and says so of each page. */
  const paged = (store: EventStore): EventStore => ({
    ...store,
    readAll: (options) => store.readAll({ ...options, limit: 2 }),
  });
  const batched = (reader: ReturnType<typeof createReader>, commits: Position[]): Sink => ({
    ...{ ...reader.sink, batchEventsMax: 5 },
    commit: (position) => {
      commits.push(position);
      return reader.sink.commit(position, '');
    },
  });

  test('given more events than that, then it commits by so many, and at the end of the log what there is', async () => {
    const store = createMemoryEventStore();
    const reader = createReader(['Known@1']);
    const commits: Position[] = [];
    const last = await record(store, a, ...Array<string>(9).fill('Known'));
    const consumer = consume(paged(store), batched(reader, commits));
    expect([await consumer.runOnce(), await consumer.runOnce(), await consumer.runOnce()]).toEqual([6, 3, 0]);
    expect(commits).toHaveLength(2);
    expect([consumer.status().position, reader.saved()]).toEqual([last, last]);
  });

  test('given a stop in the middle, then it commits what it has by the end of its page, and reads no further', async () => {
    const store = createMemoryEventStore();
    const reader = createReader(['Known@1']);
    await record(store, a, ...Array<string>(9).fill('Known'));
    const consumer = consume(paged(store), batched(reader, []));
    let stopped = Promise.resolve();
    reader.failWith(({ revision }) => {
      if (revision === 0n) stopped = consumer.stop();
    });
    await consumer.start();
    await expect.poll(() => reader.saved()).not.toBe(null);
    await stopped;
    expect(reader.handled).toEqual(['vm-a@0', 'vm-a@1']);
  });

  test('given trouble far ahead, then what lies before it is committed page by page, and nothing is reached before that', async () => {
    const store = createMemoryEventStore();
    const reader = createReader(['Known@1']);
    const commits: Position[] = [];
    const second = await record(store, a, 'Known', 'Known');
    const last = await record(store, a, 'Known', 'Known', 'Known');
    const consumer = consume(paged(store), batched(reader, commits));
    reader.failWith(({ revision }) => {
      if (revision === 4n) throw new StoreUnavailable('busy', 'busy');
    });
    await expect(consumer.runOnce()).rejects.toThrow('busy');
    expect([consumer.status().position, commits]).toEqual([null, []]);
    expect(await consumer.runOnce()).toBe(2);
    expect([consumer.status().position, commits]).toEqual([second, [second]]);
    reader.failWith(null);
    await drain(consumer);
    expect(consumer.status()).toMatchObject({ position: last, caughtUp: true });
  });
});

describe('a consumer that runs by itself', () => {
  test('given a position, when it is reached in time, then that is true; when it is not, false', async () => {
    const store = createMemoryEventStore();
    const reader = createReader(['Known@1']);
    const manual = createManualClock();
    const consumer = createConsumer({ name: 'reader', store, clock: manual, sink: reader.sink, log: () => undefined });
    const first = await record(store, a, 'Known');
    await consumer.start();
    expect(await consumer.reached(first, 1_000)).toBe(true);
    expect(await consumer.reached(first, 0)).toBe(true);
    const waiting = consumer.reached(await record(store, a, 'Known'), 1_000);
    expect(await waiting).toBe(true);
    reader.failWith(() => {
      throw new BusUnavailable('away');
    });
    const late = consumer.reached(await record(store, a, 'Known'), 1_000);
    await manual.advance(1_000);
    expect(await late).toBe(false);
    expect(consumer.status()).toMatchObject({ stalled: 'away', caughtUp: false });
    reader.failWith(null);
    await manual.advance(10_000);
    expect(reader.handled).toContain('vm-a@2');
    expect(consumer.status().stalled).toBeNull();
    await consumer.stop();
  });

  test('given a sink that may not start, then start says so', async () => {
    const store = createMemoryEventStore();
    const { sink } = createReader([]);
    const refusing: Sink = {
      ...sink,
      load: async () => {
        throw new Error('no checkpoint');
      },
    };
    await expect(consume(store, refusing).start()).rejects.toThrow('no checkpoint');
  });
});
