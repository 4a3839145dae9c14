import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type EventStore,
  eventDataBytesMax,
  findChainFault,
  type Position,
  PositionAhead,
  type RecordedEvent,
} from '#events';
import type { OpenedStore } from './event-store.ts';
import { freshStream, newEvent, newEvents, readEverything, take } from './new-events.ts';

type Open = () => Promise<OpenedStore>;

export const describeResume = (open: Open): void => {
  describe('pages', () => pages(open));
  describe('readers that come back', () => comingBack(open));
  describe('a checkpoint ahead of the store', () => ahead(open));
  describe('writers that come back', () => writersComeBack(open));
};

const live = (): AbortSignal => {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  return abort.signal;
};

const fill = async (store: EventStore): Promise<readonly RecordedEvent[]> => {
  for (const count of [3, 1, 5, 2, 6]) await store.append(freshStream(), newEvents(count), 'no-stream');
  return readEverything(store);
};

const pages = (open: Open): void => {
  test.each([1, 2, 5, 16, 17, 18])('pages of %i join to the same log', async (limit) => {
    const { store } = await open();
    const everything = await fill(store);
    expect(await readEverything(store, limit)).toEqual(everything);
  });

  test('given more bytes than a page has / when all is read / then pages end early and nothing is left out', async () => {
    const { store } = await open();
    const pad = 'x'.repeat(eventDataBytesMax - 100);
    const stream = freshStream();
    let expected: bigint | 'no-stream' = 'no-stream';
    for (let n = 0; n < 36; n += 3) {
      const three = [n, n + 1, n + 2].map((each) => newEvent({ data: { n: each, pad } }));
      expected = (await store.append(stream, three, expected)).revision;
    }
    const first = await store.readAll();
    expect(first.end).toBe(false);
    expect(first.events.length).toBeLessThan(36);
    const rest = await store.readAll({ after: first.next });
    const read = [...first.events, ...rest.events];
    expect(read.map(({ data }) => data.n)).toEqual(Array.from({ length: 36 }, (_, n) => n));
    expect(findChainFault(read)).toBeNull();
  });
};

const comingBack = (open: Open): void => {
  test('given a reader that stops after each event / when it comes back each time / then it has read the log', async () => {
    const { store } = await open();
    const everything = await fill(store);
    const read: RecordedEvent[] = [];
    let after: Position | null = null;
    while (read.length < everything.length) {
      const [next] = await take(store.subscribe({ after, signal: live() }), 1);
      if (next === undefined) throw new Error('the subscription ended');
      read.push(next);
      after = next.position;
    }
    expect(read).toEqual(everything);
  });

  test('given a reader that dies in the middle of a page / when another goes on where it was / then nothing is missed, and others did not notice', async () => {
    const { store } = await open();
    const everything = await fill(store);
    const other = take(store.subscribe({ after: null, signal: live() }), everything.length);
    const handled: RecordedEvent[] = [];
    const dying = async (): Promise<void> => {
      for await (const event of store.subscribe({ after: null, signal: live() })) {
        if (handled.length === 4) throw new Error('this reader dies');
        handled.push(event);
      }
    };
    await expect(dying()).rejects.toThrow('this reader dies');
    const after = handled.at(-1)?.position ?? null;
    const rest = await take(store.subscribe({ after, signal: live() }), everything.length - 4);
    expect([...handled, ...rest]).toEqual(everything);
    expect(await other).toEqual(everything);
  });

  test('given a reader at the head / when it follows / then it sees only what comes', async () => {
    const { store } = await open();
    await fill(store);
    const coming = take(store.subscribe({ after: await store.head(), signal: live() }), 2);
    const stream = freshStream();
    await store.append(stream, newEvents(2), 'no-stream');
    expect(await coming).toEqual(await store.readStream(stream));
  });

  test('given eight readers that wait / when the store closes / then each is told', async () => {
    const { store } = await open();
    const waiting = Array.from({ length: 8 }, () =>
      take(store.subscribe({ after: null, signal: live() }), 1).catch((error: unknown) => error),
    );
    await store.close();
    for (const told of await Promise.all(waiting)) expect(told).toMatchObject({ fault: 'closed' });
  });
};

const ahead = (open: Open): void => {
  /** A position the store will only have later: what a reader keeps when the store was put back to an earlier state. */
  const future = (store: EventStore, { position }: { readonly position: Position }): Position =>
    store.parsePosition(position.replace(/\d+$/, (count) => (Number(count) + 1_000_000).toString()));

  test('when all is read after it / then it is refused by name, with where the store is', async () => {
    const { store } = await open();
    const newest = await store.append(freshStream(), newEvents(3), 'no-stream');
    const failure = await store.readAll({ after: future(store, newest) }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(PositionAhead);
    expect(String(failure)).toContain(newest.position);
    expect((await store.readAll({ after: newest.position })).end).toBe(true);
  });

  test('when it is subscribed after / then the reader is told instead of waiting past what comes', async () => {
    const { store } = await open();
    const newest = await store.append(freshStream(), newEvents(1), 'no-stream');
    await expect(take(store.subscribe({ after: future(store, newest), signal: live() }), 1)).rejects.toThrow(
      PositionAhead,
    );
  });
};

const writersComeBack = (open: Open): void => {
  test('given a store opened again / when its streams go on / then their chains are whole and used ids are known', async (context) => {
    const { store, reopen } = await open();
    if (reopen === undefined) return context.skip('this store does not outlive its process');
    const [stream, events] = [freshStream(), newEvents(3)];
    await store.append(stream, events, 'no-stream');
    const again = await reopen();
    await expect(again.append(stream, events.slice(1, 2), 2n)).rejects.toMatchObject({
      duplicateId: events[1]?.eventId,
    });
    await again.append(stream, newEvents(2), 2n);
    const recorded = await again.readStream(stream);
    expect(recorded).toHaveLength(5);
    expect(findChainFault(recorded)).toBeNull();
  });

  test('given a store opened again / when a reader goes on where it was / then it sees the rest and what comes', async (context) => {
    const { store, reopen } = await open();
    if (reopen === undefined) return context.skip('this store does not outlive its process');
    const everything = await fill(store);
    const half = everything[7]?.position ?? null;
    const again = await reopen();
    const rest = take(again.subscribe({ after: half, signal: live() }), everything.length - 8 + 1);
    await again.append(freshStream(), newEvents(1), 'no-stream');
    expect((await rest).slice(0, -1)).toEqual(everything.slice(8));
  });

  test('given two events / when a part of them is repeated / then that part has its own first result; more than them is a conflict', async () => {
    const { store } = await open();
    const [stream, events] = [freshStream(), newEvents(2)];
    const both = await store.append(stream, events, 'no-stream');
    const one = await store.append(stream, events.slice(0, 1), 'no-stream');
    expect(one.revision).toBe(0n);
    expect(store.comparePositions(one.position, both.position)).toBeLessThan(0);
    expect(await store.append(stream, events.slice(1), 0n)).toEqual(both);
    for (const other of [[...events, newEvent()], [...events].reverse()]) {
      await expect(store.append(stream, other, 'no-stream')).rejects.toMatchObject({ name: 'ConcurrencyConflict' });
    }
    expect(await readEverything(store)).toHaveLength(2);
  });
};
