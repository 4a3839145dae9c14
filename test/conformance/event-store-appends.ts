import { describe, expect, test } from 'vitest';
import { appendEventsMax, ConcurrencyConflict, InvalidAppend } from '#events';
import type { OpenedStore } from './event-store.ts';
import { asAppended, freshStream, newEvent, newEvents, readEverything } from './new-events.ts';

type Open = () => Promise<OpenedStore>;

type IdsAreUniqueIn = 'store' | 'stream';

export const describeAppends = (open: Open, idsAreUniqueIn: IdsAreUniqueIn): void => {
  describe('expected revisions', () => expectedRevisions(open));
  describe('repeats', () => repeats(open, idsAreUniqueIn));
  describe('appends of several events', () => severalEvents(open));
};

const expectedRevisions = (open: Open): void => {
  test('given no stream / when an event is appended to no-stream / then it gets revision 0', async () => {
    const { store } = await open();
    const appended = await store.append(freshStream(), [newEvent()], 'no-stream');
    expect(appended.revision).toBe(0n);
    expect(await store.head()).toBe(appended.position);
  });

  test('given a stream / when it is where the writer thought / then revisions go on without a gap', async () => {
    const { store } = await open();
    const stream = freshStream();
    await store.append(stream, newEvents(3), 'no-stream');
    expect((await store.append(stream, newEvents(2), 2n)).revision).toBe(4n);
    const revisions = (await store.readStream(stream)).map(({ revision }) => revision);
    expect(revisions).toEqual([0n, 1n, 2n, 3n, 4n]);
  });

  test.each([
    { what: 'stale', expected: 0n },
    { what: 'ahead', expected: 7n },
    { what: 'no-stream', expected: 'no-stream' as const },
  ])(
    'given a stream at 1 / when a writer expects $what / then it is a conflict that says both',
    async ({ expected }) => {
      const { store } = await open();
      const stream = freshStream();
      await store.append(stream, newEvents(2), 'no-stream');
      const failure = await store.append(stream, [newEvent()], expected).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(ConcurrencyConflict);
      expect(failure).toMatchObject({ stream, expected, actual: 1n, duplicateId: null });
      expect(await store.readStream(stream)).toHaveLength(2);
    },
  );

  test('given no stream / when a writer expects a revision / then it is a conflict', async () => {
    const { store } = await open();
    const failure = await store.append(freshStream(), [newEvent()], 0n).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'ConcurrencyConflict', actual: 'no-stream' });
  });

  test('a negative revision is refused, so that nobody says "any"', async () => {
    const { store } = await open();
    await expect(store.append(freshStream(), [newEvent()], -1n)).rejects.toMatchObject({ reason: 'bad-revision' });
  });
};

const repeats = (open: Open, idsAreUniqueIn: IdsAreUniqueIn): void => {
  test('given an append / when it is repeated, also after the stream moved on / then it returns the first result', async () => {
    const { store } = await open();
    const stream = freshStream();
    const events = newEvents(2);
    const first = await store.append(stream, events, 'no-stream');
    expect(await store.append(stream, events, 'no-stream')).toEqual(first);
    await store.append(stream, [newEvent()], 1n);
    expect(await store.append(stream, events, 'no-stream')).toEqual(first);
    expect(await readEverything(store)).toHaveLength(3);
  });

  test('given an append / when it is repeated with its keys in another order / then it is the same append', async () => {
    const { store } = await open();
    const stream = freshStream();
    const event = newEvent({ data: { a: 1, b: 2 } });
    const first = await store.append(stream, [event], 'no-stream');
    expect(await store.append(stream, [{ ...event, data: { b: 2, a: 1 } }], 'no-stream')).toEqual(first);
  });

  test.each([
    { field: 'data', other: { data: { name: 'other' } } },
    { field: 'type', other: { type: 'VmPlaced' } },
    { field: 'recordedAt', other: { recordedAt: '2026-11-21T08:00:00.001Z' } },
    { field: 'traceparent', other: { traceparent: '00-aa-bb-01' } },
  ])('given an append / when its id comes again with another $field / then it is a conflict', async ({ other }) => {
    const { store } = await open();
    const stream = freshStream();
    const event = newEvent();
    await store.append(stream, [event], 'no-stream');
    await expect(store.append(stream, [{ ...event, ...other }], 'no-stream')).rejects.toThrow(ConcurrencyConflict);
  });

  test('given an event / when its id is used at another place of its stream / then it is a conflict that names the id', async () => {
    const { store } = await open();
    const [stream, event] = [freshStream(), newEvent()];
    await store.append(stream, [event], 'no-stream');
    for (const data of [event.data, { other: true }]) {
      const failure = await store.append(stream, [{ ...event, data }], 0n).catch((error: unknown) => error);
      expect(failure).toMatchObject({ name: 'ConcurrencyConflict', actual: 0n, duplicateId: event.eventId });
    }
    expect(await readEverything(store)).toHaveLength(1);
  });

  test(`given an event / when its id is used in another stream / then it is ${idsAreUniqueIn === 'store' ? 'a conflict that names the id' : 'another event'}`, async () => {
    const { store } = await open();
    const event = newEvent();
    await store.append(freshStream(), [event], 'no-stream');
    const again = store.append(freshStream(), [event], 'no-stream');
    if (idsAreUniqueIn === 'stream') expect((await again).revision).toBe(0n);
    else await expect(again).rejects.toMatchObject({ name: 'ConcurrencyConflict', duplicateId: event.eventId });
    expect(await readEverything(store)).toHaveLength(idsAreUniqueIn === 'stream' ? 2 : 1);
  });
};

const severalEvents = (open: Open): void => {
  test('given an append whose last event is recorded elsewhere / when it fails / then none of it is recorded', async () => {
    const { store } = await open();
    const [known, stream] = [newEvent(), freshStream()];
    await store.append(stream, [known], 'no-stream');
    await expect(store.append(stream, [...newEvents(3), known], 0n)).rejects.toThrow(ConcurrencyConflict);
    expect(await store.readStream(stream)).toHaveLength(1);
    expect((await store.append(stream, newEvents(2), 0n)).revision).toBe(2n);
    expect(await readEverything(store)).toHaveLength(3);
  });

  test.each([
    { what: 'no events', events: [], reason: 'no-events' },
    { what: 'one event too many', events: newEvents(appendEventsMax + 1), reason: 'too-many-events' },
    {
      what: 'an id twice',
      events: [newEvent({ eventId: 'same' }), newEvent({ eventId: 'same' })],
      reason: 'repeated-id',
    },
  ])('an append with $what is refused', async ({ events, reason }) => {
    const { store } = await open();
    const failure = await store.append(freshStream(), events, 'no-stream').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InvalidAppend);
    expect(failure).toMatchObject({ reason });
  });

  test('an append of as many events as allowed is recorded in order', async () => {
    const { store } = await open();
    const [stream, events] = [freshStream(), newEvents(appendEventsMax)];
    await store.append(stream, events, 'no-stream');
    expect((await store.readStream(stream)).map(asAppended)).toEqual(events);
  });
};
