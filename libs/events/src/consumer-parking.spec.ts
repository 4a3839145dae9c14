import { describe, expect, test } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { createConsumer } from './consumer.ts';
import type { NewEvent, Position, RecordedEvent, StreamName } from './envelope.ts';
import { eventIdOf } from './identity.ts';
import { parkedTriesMax, retriesPerStepMax } from './limits.ts';
import { streamName } from './names.ts';
import type { ParkedCommand } from './parking.ts';
import { createParking, handleParked, parkedCodec, skippedEvents } from './parking-stream.ts';
import { BusUnavailable } from './ports/bus.ts';
import type { EventStore } from './ports/event-store.ts';
import type { Sink } from './sink.ts';

const [a, b] = [streamName('vm', 'a'), streamName('vm', 'b')];
const parkedStream = streamName('parked', 'reader');
const start = Date.UTC(2030, 0, 1);

/** A clock that moves by a second with every look, so that no two things happen at once. */
const ticking = () => {
  let now = start;
  return {
    now: () => {
      now += 1_000;
      return now;
    },
    sleep: async () => undefined,
  };
};

const newEvent = (type: string, id: string): NewEvent => ({
  ...{ eventId: eventIdOf(id, 0), type, version: 1, data: {}, recordedAt: '2030-01-01T00:00:00.000Z' },
  ...{ actor: 'system:test', correlationId: 'a', causationId: 'a', traceparent: null },
});

/** Appends in order and gives back the ids. */
const record = async (
  store: EventStore,
  stream: StreamName,
  ...types: readonly string[]
): Promise<readonly string[]> => {
  let { length } = await store.readStream(stream);
  const ids: string[] = [];
  for (const type of types) {
    const event = newEvent(type, `${stream}/${length}`);
    await store.append(stream, [event], length === 0 ? 'no-stream' : BigInt(length - 1));
    ids.push(event.eventId);
    length += 1;
  }
  return ids;
};

/** A world of one store and as many replicas of a consumer as wanted, each with rows of its own that outlive it. */
const world = (store = createMemoryEventStore()) => {
  const clock = ticking();
  const replica = (options: { readonly standingMax?: number } = {}) => {
    /** Per stream: the events that its row was folded from. */
    let [rows, saved] = [new Map<string, string[]>(), null as Position | null];
    let touched = new Map<string, string[]>();
    let seen = new Map<string, bigint>();
    let [broken, lost] = [new Set<string>(), false];
    const row = (stream: string): string[] => touched.get(stream) ?? rows.get(stream) ?? [];
    const keep = ({ stream, revision }: RecordedEvent, what: readonly string[]): void => {
      const next = seen.get(stream) ?? 0n;
      if (revision < next) return;
      if (revision > next) throw new Error(`has ${next} of ${stream} and was given ${revision}`);
      touched.set(stream, [...row(stream), ...what]);
      seen.set(stream, next + 1n);
    };
    const sink: Sink = {
      load: async () => {
        touched = new Map();
        seen = new Map([...rows].map(([stream, kept]) => [stream, BigInt(kept.length)]));
        return saved;
      },
      apply: (event) => {
        if (lost) throw new BusUnavailable('away');
        if (broken.has(event.type)) throw new TypeError(`${event.type} makes it throw`);
        keep(event, [event.type]);
      },
      skip: (event) => keep(event, ['-']),
      has: (stream, revision) => revision < (seen.get(stream) ?? 0n),
      commit: (position) => {
        rows = new Map([...rows, ...touched]);
        saved = position;
      },
    };
    const begin = () => createConsumer({ name: 'reader', store, clock, sink, log: () => undefined, ...options });
    let consumer = begin();
    return {
      row: (stream: StreamName) => (rows.get(stream) ?? []).join(' '),
      breakOn: (...types: readonly string[]) => {
        broken = new Set(types);
      },
      lose: (is: boolean) => {
        lost = is;
      },
      restart: () => {
        consumer = begin();
      },
      step: () => consumer.runOnce(),
      run: async () => {
        while ((await consumer.runOnce()) > 0);
      },
      status: () => consumer.status(),
      parked: () => consumer.parked(),
      blocking: (stream: StreamName) => consumer.blocking(stream),
    };
  };
  let given = 0;
  const ask = (command: ParkedCommand extends infer C ? (C extends unknown ? Omit<C, 'now'> : never) : never) => {
    given += 1;
    return handleParked({ store, clock }, 'reader', { ...command, now: clock.now() } as ParkedCommand, {
      ...{
        commandId: `asked-${given}`,
        actor: 'operator:olga',
        correlationId: 'c',
        causationId: 'c',
        traceparent: null,
      },
    });
  };
  const told = async () =>
    (await store.readStream(parkedStream)).map((event) => ({ ...parkedCodec.decode(event), actor: event.actor }));
  return { store, clock, replica, ask, told, types: async () => (await told()).map(({ type }) => type) };
};

describe('a retry that somebody asks for', () => {
  test('given a running consumer that can handle the event now, then its stream goes on without a restart', async () => {
    const { store, replica, ask, types } = world();
    const reader = replica();
    reader.breakOn('Bad');
    const [, bad = ''] = await record(store, a, 'One', 'Bad', 'Two');
    await reader.run();
    expect(reader.blocking(a)).toMatchObject({ eventId: bad, reason: 'Bad makes it throw', revision: 1n });
    expect(reader.blocking(b)).toBeNull();
    reader.breakOn();
    await record(store, a, 'Three');
    await ask({ type: 'RetryParkedEvent', eventId: bad });
    await reader.run();
    expect(reader.row(a)).toBe('One Bad Two Three');
    expect(reader.status()).toMatchObject({ parkedCount: 0, oldestParkedAt: null });
    expect(await types()).toEqual(['EventParked', 'ParkedEventRetryRequested', 'ParkedEventHandled']);
  });

  test('given an event that still fails, then the try is counted and dated, by the consumer, and once for one request', async () => {
    const { store, replica, ask, told } = world();
    const reader = replica();
    reader.breakOn('Bad');
    const [bad = ''] = await record(store, a, 'Bad');
    await reader.run();
    await ask({ type: 'RetryParkedEvent', eventId: bad });
    expect((await ask({ type: 'RetryParkedEvent', eventId: bad })).events).toEqual([]);
    await reader.run();
    const [parked, asked, failed, ...more] = await told();
    expect(more).toEqual([]);
    expect(asked).toMatchObject({ type: 'ParkedEventRetryRequested', actor: 'operator:olga' });
    expect(failed).toMatchObject({
      type: 'ParkedEventRetryFailed',
      actor: 'process:reader',
      reason: 'Bad makes it throw',
    });
    const [now] = reader.parked();
    expect(now?.attempts).toBe((parked?.type === 'EventParked' ? parked.attempts : 0) + 1);
    expect(now?.lastSeenAt).toBeGreaterThan(now?.firstSeenAt ?? Number.POSITIVE_INFINITY);
  });

  test('given an event that was tried by hand as often as allowed, then the next try is refused by name', async () => {
    const { store, replica, ask, types } = world();
    const reader = replica();
    reader.breakOn('Bad');
    const [bad = ''] = await record(store, a, 'Bad');
    await reader.run();
    while ((reader.parked()[0]?.attempts ?? 0) < parkedTriesMax) {
      await ask({ type: 'RetryParkedEvent', eventId: bad });
      await reader.run();
    }
    const { length } = await types();
    await expect(ask({ type: 'RetryParkedEvent', eventId: bad })).rejects.toMatchObject({
      code: 'parked-event-tried-out',
    });
    expect((await ask({ type: 'RetryParkedEvents', throughRevision: 1_000n })).events).toEqual([]);
    expect(await types()).toHaveLength(length);
  });

  test('given a process that dies between the request and the try, then the next life answers it', async () => {
    const { store, replica, ask, types } = world();
    const reader = replica();
    reader.breakOn('Bad');
    const [bad = ''] = await record(store, a, 'Bad');
    await reader.run();
    await ask({ type: 'RetryParkedEvent', eventId: bad });
    reader.restart();
    await reader.run();
    expect((await types()).at(-1)).toBe('ParkedEventRetryFailed');
  });

  test('given a bus that is lost in the middle, then nothing is settled before the whole stream is caught up', async () => {
    const { store, replica, ask, types } = world();
    const reader = replica();
    reader.breakOn('Bad');
    const [bad = ''] = await record(store, a, 'Bad', 'Two');
    await reader.run();
    reader.breakOn();
    await ask({ type: 'RetryParkedEvent', eventId: bad });
    reader.lose(true);
    await expect(reader.run()).rejects.toThrow(BusUnavailable);
    reader.restart();
    reader.lose(false);
    await reader.run();
    expect(reader.row(a)).toBe('Bad Two');
    expect((await types()).filter((type) => type === 'ParkedEventHandled')).toHaveLength(1);
  });

  test('given all that is parked, when a retry of it is asked for, then it is done some at a time and nothing parked later is touched', async () => {
    const { store, replica, ask, told } = world();
    const reader = replica();
    reader.breakOn('Bad');
    const many = retriesPerStepMax + 5;
    for (let each = 0; each < many; each += 1) await record(store, streamName('vm', `m${each}`), 'Bad');
    await reader.run();
    const throughRevision = BigInt(many - 1);
    await record(store, a, 'Bad');
    await reader.run();
    await ask({ type: 'RetryParkedEvents', throughRevision });
    expect(await told()).toContainEqual(expect.objectContaining({ type: 'ParkedEventsRetryRequested', count: many }));
    reader.breakOn();
    await reader.step();
    expect(reader.status().parkedCount).toBe(1 + many - retriesPerStepMax);
    await reader.run();
    expect(reader.parked()).toMatchObject([{ stream: a }]);
  });
});

describe('an event that somebody skips', () => {
  const reason = 'a row nobody needs';

  test('given a running consumer, then exactly that event is left out, and the rest of its stream goes on', async () => {
    const { store, replica, ask, told } = world();
    const reader = replica();
    reader.breakOn('Bad');
    const [, bad = ''] = await record(store, a, 'One', 'Bad', 'Two');
    await reader.run();
    await ask({ type: 'SkipParkedEvent', eventId: bad, reason });
    await record(store, a, 'Three');
    await reader.run();
    expect(reader.row(a)).toBe('One - Two Three');
    expect(reader.parked()).toEqual([]);
    expect((await told()).at(-1)).toMatchObject({
      ...{ type: 'ParkedEventSkipped', eventId: bad, reason, actor: 'operator:olga' },
    });
    expect(await skippedEvents({ store, clock: ticking() }, 'reader')).toEqual(new Set([bad]));
  });

  test('given a new replica, also of a build that could handle it, then it has the same rows, event for event', async () => {
    const { store, replica, ask, types } = world();
    const reader = replica();
    reader.breakOn('Bad');
    const [bad = ''] = await record(store, a, 'Bad', 'Two');
    await record(store, b, 'One');
    await reader.run();
    await ask({ type: 'SkipParkedEvent', eventId: bad, reason });
    await reader.run();
    const before = await types();
    const fresh = replica();
    await fresh.run();
    expect([fresh.row(a), fresh.row(b)]).toEqual([reader.row(a), reader.row(b)]);
    expect(await types()).toEqual(before);
  });

  test('given a process that dies before it went on, then the next life does, from where it stood', async () => {
    const { store, replica, ask } = world();
    const reader = replica();
    reader.breakOn('Bad');
    const [bad = ''] = await record(store, a, 'Bad', 'Two');
    await reader.run();
    await ask({ type: 'SkipParkedEvent', eventId: bad, reason });
    reader.lose(true);
    await expect(reader.step()).rejects.toThrow(BusUnavailable);
    reader.restart();
    reader.lose(false);
    await reader.run();
    expect(reader.row(a)).toBe('- Two');
  });

  test('given another event behind it that fails too, then that one is parked next', async () => {
    const { store, replica, ask } = world();
    const reader = replica();
    reader.breakOn('Bad', 'Worse');
    const [bad = ''] = await record(store, a, 'Bad', 'Two', 'Worse', 'Four');
    await reader.run();
    await ask({ type: 'SkipParkedEvent', eventId: bad, reason });
    await reader.run();
    expect(reader.row(a)).toBe('- Two');
    expect(reader.parked()).toMatchObject([{ eventType: 'Worse', revision: 2n }]);
  });

  test('given an event that does not stand parked, then it cannot be skipped; one that is skipped stays so', async () => {
    const { store, replica, ask } = world();
    const reader = replica();
    reader.breakOn('Bad');
    const [one = '', bad = ''] = await record(store, a, 'One', 'Bad');
    await reader.run();
    await expect(ask({ type: 'SkipParkedEvent', eventId: one, reason })).rejects.toMatchObject({
      code: 'parked-event-not-found',
    });
    await ask({ type: 'SkipParkedEvent', eventId: bad, reason });
    expect((await ask({ type: 'SkipParkedEvent', eventId: bad, reason })).events).toEqual([]);
    await expect(ask({ type: 'RetryParkedEvent', eventId: bad })).rejects.toThrow(/it was skipped/);
  });
});

describe('two replicas of one consumer', () => {
  test('given both blocked, when a retry helps one of them only, then the other says so and stands where it stood', async () => {
    const { store, replica, ask, types } = world();
    const [one, two] = [replica(), replica()];
    one.breakOn('Bad');
    two.breakOn('Bad');
    const [bad = ''] = await record(store, a, 'Bad', 'Two');
    await one.run();
    await two.run();
    expect(await types()).toEqual(['EventParked']);
    one.breakOn();
    await ask({ type: 'RetryParkedEvent', eventId: bad });
    await one.run();
    await two.run();
    await one.run();
    expect([one.row(a), two.row(a)]).toEqual(['Bad Two', '']);
    expect(two.blocking(a)).toMatchObject({ eventId: bad });
    expect(await types()).toEqual([
      ...['EventParked', 'ParkedEventRetryRequested', 'ParkedEventHandled', 'EventParked'],
    ]);
  });

  test('given one that was away while the other handled it, then it comes back knowing what it lacks', async () => {
    const { store, replica, ask } = world();
    const [one, two] = [replica(), replica()];
    one.breakOn('Bad');
    two.breakOn('Bad');
    const [bad = ''] = await record(store, a, 'Bad', 'Two');
    await one.run();
    await two.run();
    one.breakOn();
    await ask({ type: 'RetryParkedEvent', eventId: bad });
    await one.run();
    await record(store, a, 'Three');
    two.restart();
    await two.step();
    expect(two.blocking(a)).toMatchObject({ eventId: bad });
    two.breakOn();
    two.restart();
    await two.run();
    await one.run();
    expect([one.row(a), two.row(a)]).toEqual(['Bad Two Three', 'Bad Two Three']);
    expect([one.parked(), two.parked()]).toEqual([[], []]);
  });

  test('given a skip, then both go past the event', async () => {
    const { store, replica, ask, types } = world();
    const [one, two] = [replica(), replica()];
    for (const each of [one, two]) each.breakOn('Bad');
    const [bad = ''] = await record(store, a, 'Bad', 'Two');
    await one.run();
    await two.run();
    await ask({ type: 'SkipParkedEvent', eventId: bad, reason: 'no' });
    await one.run();
    await two.run();
    expect([one.row(a), two.row(a)]).toEqual(['- Two', '- Two']);
    expect(await types()).toEqual(['EventParked', 'ParkedEventSkipped']);
  });
});

describe('more parked events than a consumer may hold', () => {
  test('given a consumer that fails on everything, then it stands still by name, and goes on when somebody makes room', async () => {
    const { store, replica, ask, types } = world();
    const reader = replica({ standingMax: 3 });
    await record(store, streamName('vm', 'first'), 'One');
    await reader.run();
    reader.breakOn('Bad');
    const ids: string[] = [];
    for (let each = 0; each < 5; each += 1) ids.push(...(await record(store, streamName('vm', `m${each}`), 'Bad')));
    await record(store, b, 'One');
    await expect(reader.run()).rejects.toThrow(/3 events stand parked and no more are taken/);
    expect((await types()).filter((type) => type === 'EventParked')).toHaveLength(3);
    expect(reader.row(b)).toBe('');
    for (const eventId of ids.slice(0, 2)) await ask({ type: 'SkipParkedEvent', eventId, reason: 'make room' });
    await reader.run();
    expect(reader.row(b)).toBe('One');
    expect(reader.parked()).toHaveLength(3);
  });

  test('given a burst of thousands, then each costs one append, and an index of them is read by pages', async () => {
    const store = createMemoryEventStore();
    let reads = 0;
    const counting: EventStore = {
      ...store,
      readStream: (stream, options) => {
        if (stream === parkedStream) reads += 1;
        return store.readStream(stream, options);
      },
    };
    const { replica, clock } = world(counting);
    const reader = replica();
    reader.breakOn('Bad');
    const burst = 3_000;
    for (let each = 0; each < burst; each += 1) await record(store, streamName('vm', `m${each}`), 'Bad');
    await reader.run();
    expect(reader.status().parkedCount).toBe(burst);
    expect(reads).toBeLessThan(20);
    reads = 0;
    const parking = createParking('reader', { store: counting, clock });
    await parking.refresh();
    expect(parking.index.standing.size).toBe(burst);
    expect(reads).toBe(4);
  });
});
