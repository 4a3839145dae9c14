import { describe, expect, onTestFinished, test } from 'vitest';
import { type RecordedEvent, readPageEventsMax, StoreUnavailable } from '#events';
import type { OpenedStore } from './event-store.ts';
import { freshStream, newEvent, newEvents, take } from './new-events.ts';

type Open = () => Promise<OpenedStore>;

export const describeSubscriptions = (open: Open): void => {
  describe('subscriptions that follow', () => following(open));
  describe('subscriptions that end', () => ending(open));
};

const abortedAtEnd = (): AbortController => {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  return abort;
};

const numbers = (events: readonly RecordedEvent[]) => events.map(({ data }) => data.n);

const following = (open: Open): void => {
  test('given events / when a subscriber starts at the beginning / then it gets them, and later ones as they come', async () => {
    const { store } = await open();
    const { signal } = abortedAtEnd();
    const stream = freshStream();
    await store.append(stream, newEvents(3), 'no-stream');
    const events = store.subscribe({ after: null, signal })[Symbol.asyncIterator]();
    for (const n of [0, 1, 2]) expect((await events.next()).value.data.n).toBe(n);
    const live = events.next();
    await store.append(stream, [newEvent({ data: { n: 'live' } })], 2n);
    expect((await live).value.data.n).toBe('live');
  });

  test('given a subscriber that was at a position / when it comes back / then it goes on after it', async () => {
    const { store } = await open();
    const { signal } = abortedAtEnd();
    await store.append(freshStream(), newEvents(10), 'no-stream');
    const seen = await take(store.subscribe({ after: null, signal }), 4);
    const after = seen.at(-1)?.position ?? null;
    expect(numbers(await take(store.subscribe({ after, signal }), 6))).toEqual([4, 5, 6, 7, 8, 9]);
  });

  test('given two subscribers / when events come / then each gets all of them', async () => {
    const { store } = await open();
    const { signal } = abortedAtEnd();
    const both = [1, 2].map(() => take(store.subscribe({ after: null, signal }), 5));
    await store.append(freshStream(), newEvents(5), 'no-stream');
    for (const seen of both) expect(numbers(await seen)).toEqual([0, 1, 2, 3, 4]);
  });

  test('given a slow reader / when more than two pages are appended meanwhile / then it misses and repeats nothing', async () => {
    const { store } = await open();
    const { signal } = abortedAtEnd();
    const stream = freshStream();
    await store.append(stream, [newEvent({ data: { n: 0 } })], 'no-stream');
    const events = store.subscribe({ after: null, signal })[Symbol.asyncIterator]();
    await events.next();
    const more = 2 * readPageEventsMax + 50;
    for (let n = 1; n <= more; n += 50) {
      const batch = Array.from({ length: 50 }, (_, index) => newEvent({ data: { n: n + index } }));
      await store.append(stream, batch, BigInt(n - 1));
    }
    for (let n = 1; n <= more; n += 1) {
      const { value } = await events.next();
      expect(value.data.n).toBe(n);
    }
  });

  test('given a subscriber at the tail / when writers race / then it sees each event once, in the order of the log', async () => {
    const { store } = await open();
    const { signal } = abortedAtEnd();
    const seen = take(store.subscribe({ after: null, signal }), 200);
    await Promise.all(Array.from({ length: 100 }, () => store.append(freshStream(), newEvents(2), 'no-stream')));
    const { events } = await store.readAll();
    expect(await seen).toEqual(events);
  });
};

const ending = (open: Open): void => {
  test('given a subscriber that waits / when its signal aborts / then it ends without an error', async () => {
    const { store } = await open();
    const abort = abortedAtEnd();
    const events = store.subscribe({ after: null, signal: abort.signal })[Symbol.asyncIterator]();
    const waiting = events.next();
    abort.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  test('given a subscriber in the middle of a page / when its signal aborts / then it gets nothing more', async () => {
    const { store } = await open();
    const abort = abortedAtEnd();
    await store.append(freshStream(), newEvents(10), 'no-stream');
    const seen: RecordedEvent[] = [];
    for await (const event of store.subscribe({ after: null, signal: abort.signal })) {
      seen.push(event);
      if (seen.length === 3) abort.abort();
    }
    expect(numbers(seen)).toEqual([0, 1, 2]);
  });

  test('given a signal that has aborted / when a subscription starts / then it is empty', async () => {
    const { store } = await open();
    await store.append(freshStream(), newEvents(1), 'no-stream');
    expect(await take(store.subscribe({ after: null, signal: AbortSignal.abort() }), 1)).toEqual([]);
  });

  test('given a subscriber that waits / when the store closes / then it is told, not left waiting', async () => {
    const { store } = await open();
    const { signal } = abortedAtEnd();
    const events = store.subscribe({ after: null, signal })[Symbol.asyncIterator]();
    const waiting = events.next().catch((error: unknown) => error);
    await store.close();
    expect(await waiting).toBeInstanceOf(StoreUnavailable);
  });
};
