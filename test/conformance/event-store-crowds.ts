import { describe, expect, onTestFinished, test } from 'vitest';
import { type Appended, ConcurrencyConflict, findChainFault } from '#events';
import type { OpenedStore } from './event-store.ts';
import { freshStream, newEvent, newEvents, readEverything, take } from './new-events.ts';

type Open = () => Promise<OpenedStore>;

const crowd = Array.from({ length: 256 }, (_, writer) => writer);

export const describeCrowds = (open: Open): void => {
  describe('256 writers at once', () => {
    manyWriters(open);
    repeatsInACrowd(open);
  });
};

const manyWriters = (open: Open): void => {
  test('given one stream / when all append at the same revision / then exactly one wins each round', async () => {
    const { store } = await open();
    const stream = freshStream();
    for (const expected of ['no-stream' as const, 0n, 1n]) {
      const races = crowd.map((writer) => store.append(stream, [newEvent({ data: { writer } })], expected));
      const results = await Promise.allSettled(races);
      const lost = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason);
      expect(lost).toHaveLength(255);
      for (const reason of lost) expect(reason).toBeInstanceOf(ConcurrencyConflict);
    }
    const events = await store.readStream(stream);
    expect(events.map(({ revision }) => revision)).toEqual([0n, 1n, 2n]);
    expect(findChainFault(events)).toBeNull();
  });

  test('given a stream for each / when all append at once / then each stream is whole and the order is total', async () => {
    const { store } = await open();
    const streams = crowd.map(freshStream);
    const appendTo = async (stream: (typeof streams)[number]): Promise<Appended> => {
      await store.append(stream, newEvents(2), 'no-stream');
      return store.append(stream, newEvents(2), 1n);
    };
    await Promise.all(streams.map(appendTo));
    const everything = await readEverything(store, 400);
    expect(everything).toHaveLength(4 * 256);
    for (const [stream, events] of Map.groupBy(everything, (event) => event.stream)) {
      expect(streams).toContain(stream);
      expect(events.map(({ data }) => data.n)).toEqual([0, 1, 0, 1]);
      expect(findChainFault(events)).toBeNull();
    }
    const places = everything.map(({ position }) => position);
    expect(new Set(places).size).toBe(places.length);
    expect([...places].sort(store.comparePositions)).toEqual(places);
  });
};

const repeatsInACrowd = (open: Open): void => {
  test('given one append / when all send it at once / then it is recorded once and each gets its result', async () => {
    const { store } = await open();
    const [stream, events] = [freshStream(), newEvents(2)];
    const results = await Promise.all(crowd.map(() => store.append(stream, events, 'no-stream')));
    expect(new Set(results.map(({ position }) => position)).size).toBe(1);
    expect(results.every(({ revision }) => revision === 1n)).toBe(true);
    expect(await readEverything(store)).toHaveLength(2);
  });

  test('given writers that lose races / when somebody follows / then only what was recorded is seen', async () => {
    const { store } = await open();
    const stream = freshStream();
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    const seen = take(store.subscribe({ after: null, signal: abort.signal }), 8);
    const climb = async (writer: number): Promise<void> => {
      for (let expected: bigint | 'no-stream' = 'no-stream', revision = 0n; revision < 8n; revision += 1n) {
        await store.append(stream, [newEvent({ data: { writer } })], expected).catch((error: unknown) => {
          expect(error).toBeInstanceOf(ConcurrencyConflict);
        });
        expected = revision;
      }
    };
    await Promise.all(crowd.slice(0, 16).map(climb));
    expect(await seen).toEqual(await store.readStream(stream));
  });
};
