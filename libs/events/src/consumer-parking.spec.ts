import { describe, expect, test } from 'vitest';
import { parkingWorld, record, ticking } from '../../../test/events/parking-world.ts';
import { parkedTriesMax, retriesPerStepMax } from './limits.ts';
import { streamName } from './names.ts';
import { skippedEvents } from './parking-stream.ts';
import { BusUnavailable } from './ports/bus.ts';

const [a, b] = [streamName('vm', 'a'), streamName('vm', 'b')];

describe('a retry that somebody asks for', () => {
  test('given a running consumer that can handle the event now, then its stream goes on without a restart', async () => {
    const { store, replica, ask, types } = parkingWorld();
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
    const { store, replica, ask, told } = parkingWorld();
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
    const { store, replica, ask, types } = parkingWorld();
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
    const { store, replica, ask, types } = parkingWorld();
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
    const { store, replica, ask, types } = parkingWorld();
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
    const { store, replica, ask, told } = parkingWorld();
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
    const { store, replica, ask, told } = parkingWorld();
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
    expect([...(await skippedEvents({ store, clock: ticking() }, 'reader'))]).toEqual([
      [bad, { stream: a, revision: 1n }],
    ]);
  });

  test('given a new replica, also of a build that could handle it, then it has the same rows, event for event', async () => {
    const { store, replica, ask, types } = parkingWorld();
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
    const { store, replica, ask } = parkingWorld();
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

  test('given a replica that had handled it, then it forgets that one event, also when it was away meanwhile', async () => {
    const { store, replica, ask } = parkingWorld();
    const [older, newer, away, behind] = [replica(), replica(), replica(), replica()];
    older.breakOn('Bad');
    const [, bad = ''] = await record(store, a, 'One', 'Bad', 'Two');
    await newer.run();
    await away.run();
    await older.run();
    expect([newer.row(a), older.row(a)]).toEqual(['One Bad Two', 'One']);
    await ask({ type: 'SkipParkedEvent', eventId: bad, reason });
    await record(store, a, 'Three');
    for (const each of [older, newer, behind]) await each.run();
    away.restart();
    await away.run();
    const rows = [older, newer, away, behind].map((each) => each.row(a));
    expect(rows).toEqual(Array.from(rows, () => 'One - Two Three'));
  });

  test('given another event behind it that fails too, then that one is parked next', async () => {
    const { store, replica, ask } = parkingWorld();
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
    const { store, replica, ask } = parkingWorld();
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
