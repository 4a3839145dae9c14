import { describe, expect, test } from 'vitest';
import {
  type BareEvent,
  ForeignPosition,
  findChainFault,
  type Position,
  type ReadPage,
  type RecordedEvent,
  readPageEventsMax,
  type StreamName,
} from '#events';
import type { OpenedStore } from './event-store.ts';
import { asAppended, asBare, freshStream, newEvent, newEvents, readEverything } from './new-events.ts';

type Open = () => Promise<OpenedStore>;

export const describeReads = (open: Open): void => {
  describe('reading a stream', () => streams(open));
  describe('reading everything', () => everything(open));
  describe('positions', () => positions(open));
  test('given several streams / when all is read / then the hash chain of each is whole', async () => {
    const { store } = await open();
    const names = [freshStream(), freshStream(), freshStream()];
    for (const stream of names) await store.append(stream, newEvents(3), 'no-stream');
    for (const stream of names) await store.append(stream, newEvents(3), 2n);
    const byStream = Map.groupBy(await readEverything(store), ({ stream }) => stream);
    const lengths = names.map((stream) => byStream.get(stream)?.length);
    expect(lengths).toEqual([6, 6, 6]);
    for (const events of byStream.values()) expect(findChainFault(events)).toBeNull();
  });
};

const streams = (open: Open): void => {
  test('a stream nobody wrote is empty', async () => {
    const { store } = await open();
    expect(await store.readStream(freshStream())).toEqual([]);
  });

  test('given a stream / when it is read from a revision / then that one comes first, and nothing beyond the end', async () => {
    const { store } = await open();
    const stream = freshStream();
    const events = newEvents(10);
    await store.append(stream, events, 'no-stream');
    await store.append(freshStream(), newEvents(3), 'no-stream');
    expect((await store.readStream(stream, { from: 7n })).map(asAppended)).toEqual(events.slice(7));
    expect((await store.readStream(stream, { from: 2n, limit: 3 })).map(asAppended)).toEqual(events.slice(2, 5));
    expect(await store.readStream(stream, { from: 10n })).toEqual([]);
  });

  test('given a stream longer than a page / when it is read / then a page is all that comes', async () => {
    const { store } = await open();
    const stream = freshStream();
    await appendMany(store, stream, readPageEventsMax + 10);
    expect(await store.readStream(stream, { limit: 10 * readPageEventsMax })).toHaveLength(readPageEventsMax);
    expect(await store.readStream(stream, { from: BigInt(readPageEventsMax) })).toHaveLength(10);
  });

  test('a page of no events and a start before the beginning are refused', async () => {
    const { store } = await open();
    await expect(store.readStream(freshStream(), { limit: 0 })).rejects.toThrow(RangeError);
    await expect(store.readStream(freshStream(), { from: -1n })).rejects.toThrow(RangeError);
    await expect(store.readAll({ limit: 0 })).rejects.toThrow(RangeError);
    await expect(store.readAllBare({ limit: 0 })).rejects.toThrow(RangeError);
  });
};

const everything = (open: Open): void => {
  test('given an empty store / when all is read / then it ends at once and the head is null', async () => {
    const { store } = await open();
    expect(await store.readAll()).toEqual({ events: [], next: null, end: true });
    expect(await store.head()).toBeNull();
  });

  test('given more than a page / when all is read / then pages follow each other in the order of appending', async () => {
    const { store } = await open();
    const [a, b] = [freshStream(), freshStream()];
    await appendMany(store, a, readPageEventsMax);
    await appendMany(store, b, 100);
    const first = await store.readAll();
    expect([first.events.length, first.end]).toEqual([readPageEventsMax, false]);
    const second = await store.readAll({ after: first.next });
    expect([second.events.length, second.end, second.next]).toEqual([100, true, await store.head()]);
    const all = [...first.events, ...second.events];
    expect(all.map(({ stream }) => stream)).toEqual([...Array(readPageEventsMax).fill(a), ...Array(100).fill(b)]);
    expect(isAscending(store, all)).toBe(true);
    expect(await store.readAll({ after: second.next })).toEqual({ events: [], next: second.next, end: true });
  });

  test('given a log / when it is read bare / then the same events come in the same pages, without what proves them', async () => {
    const { store } = await open();
    const [a, b] = [freshStream(), freshStream()];
    await store.append(a, newEvents(7), 'no-stream');
    await store.append(b, newEvents(4), 'no-stream');
    await store.append(a, newEvents(2), 6n);
    for (const limit of [1, 5, 13, 14, undefined]) {
      for (let after: Position | null = null, end = false; !end; ) {
        const options: Parameters<typeof store.readAll>[0] = limit === undefined ? { after } : { after, limit };
        const whole: ReadPage = await store.readAll(options);
        const bare: ReadPage<BareEvent> = await store.readAllBare(options);
        expect({ ...bare, events: bare.events.map(asBare) }).toEqual({ ...whole, events: whole.events.map(asBare) });
        [after, end] = [bare.next, bare.end];
      }
    }
  });

  test('given an append while somebody reads bare / when it reads on / then what was appended comes, and nothing twice', async () => {
    const { store } = await open();
    const stream = freshStream();
    const events = newEvents(6);
    await store.append(stream, events.slice(0, 3), 'no-stream');
    const first = await store.readAllBare();
    expect(await store.readAllBare({ after: first.next })).toEqual({ events: [], next: first.next, end: true });
    await store.append(stream, events.slice(3), 2n);
    const second = await store.readAllBare({ after: first.next });
    expect([...first.events, ...second.events].map(({ eventId }) => eventId)).toEqual(
      events.map(({ eventId }) => eventId),
    );
    expect([second.end, second.next]).toEqual([true, await store.head()]);
  });

  test('given a page that holds exactly what there is / when it is read / then it says that it is the end', async () => {
    const { store } = await open();
    await store.append(freshStream(), newEvents(5), 'no-stream');
    expect((await store.readAll({ limit: 5 })).end).toBe(true);
    expect((await store.readAll({ limit: 4 })).end).toBe(false);
  });
};

const positions = (open: Open): void => {
  test('given two events / when their positions are compared / then the order is that of the log', async () => {
    const { store } = await open();
    const { position: a } = await store.append(freshStream(), [newEvent()], 'no-stream');
    const { position: b } = await store.append(freshStream(), newEvents(20), 'no-stream');
    expect(store.comparePositions(a, b)).toBeLessThan(0);
    expect(store.comparePositions(b, a)).toBeGreaterThan(0);
    expect(store.comparePositions(b, store.parsePosition(b))).toBe(0);
  });

  test('given a position of another store / when it is used in any way / then it is refused', async () => {
    const { store } = await open();
    const { store: other } = await open();
    const { position } = await store.append(freshStream(), [newEvent()], 'no-stream');
    const { position: foreign } = await other.append(freshStream(), [newEvent()], 'no-stream');
    expect(() => store.parsePosition(foreign)).toThrow(ForeignPosition);
    expect(() => store.comparePositions(position, foreign)).toThrow(ForeignPosition);
    await expect(store.readAll({ after: foreign })).rejects.toThrow(ForeignPosition);
    await expect(store.readAllBare({ after: foreign })).rejects.toThrow(ForeignPosition);
    const { signal } = new AbortController();
    expect(() => store.subscribe({ after: foreign, signal })).toThrow(ForeignPosition);
  });

  test.each(['', '1', 'x', '.', '../etc/passwd', '9'.repeat(1_000)])('the text %j is no position', async (text) => {
    const { store } = await open();
    expect(() => store.parsePosition(text)).toThrow(ForeignPosition);
  });
};

const appendMany = async (store: OpenedStore['store'], stream: StreamName, count: number): Promise<void> => {
  let expected: bigint | 'no-stream' = 'no-stream';
  for (let left = count; left > 0; left -= 50) {
    expected = (await store.append(stream, newEvents(Math.min(left, 50)), expected)).revision;
  }
};

const isAscending = (store: OpenedStore['store'], events: readonly RecordedEvent[]): boolean =>
  events.every(({ position }, index) => {
    const before = events[index - 1];
    return before === undefined || store.comparePositions(before.position, position) < 0;
  });
