import { describe, expect, test } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { parkedStream, parkingWorld, record } from '../../../test/events/parking-world.ts';
import { streamName } from './names.ts';
import { createParking } from './parking-stream.ts';
import type { EventStore } from './ports/event-store.ts';

const [a, b] = [streamName('vm', 'a'), streamName('vm', 'b')];

describe('two replicas of one consumer', () => {
  test('given both blocked, when a retry helps one of them only, then the other says so and stands where it stood', async () => {
    const { store, replica, ask, types } = parkingWorld();
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
    const { store, replica, ask } = parkingWorld();
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
    const { store, replica, ask, types } = parkingWorld();
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
    const { store, replica, ask, types } = parkingWorld();
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
    const { replica, clock } = parkingWorld(counting);
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
