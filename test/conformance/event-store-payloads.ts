import { describe, expect, test } from 'vitest';
import { eventDataBytesMax, eventHash, InvalidAppend, type Json, type JsonObject } from '#events';
import type { OpenedStore } from './event-store.ts';
import { asAppended, freshStream, newEvent, readEverything } from './new-events.ts';

type Open = () => Promise<OpenedStore>;

const nested = (depth: number): Json => {
  let value: Json = 'bottom';
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { in: value };
  return value;
};

/** `{"pad":"…"}` of exactly so many bytes. */
const padded = (bytes: number): JsonObject => ({ pad: 'x'.repeat(bytes - '{"pad":""}'.length) });

const odd: readonly { readonly what: string; readonly data: JsonObject }[] = [
  { what: 'nothing', data: {} },
  {
    what: 'every script',
    data: { text: 'ägypten 漢字 עברית 🙂‍↔️ \u0000\u001f\u2028\ufeff', 漢字: 'key', '': 'empty key' },
  },
  {
    what: 'the words of JavaScript',
    data: JSON.parse('{"__proto__":{"polluted":true},"constructor":1,"toString":null}'),
  },
  { what: 'numbers at their ends', data: { n: [0, 1e21, 5e-324, 1.7976931348623157e308, 2 ** 53 - 1, 0.1, -1.5e-7] } },
  { what: 'nulls and empty things', data: { a: null, b: [], c: {}, d: '', e: [null, [null]] } },
  { what: 'depth', data: { deep: nested(1_000) } },
  { what: 'SQL and quotes', data: { text: `'; DROP TABLE events; -- "\\` } },
  { what: 'the largest size', data: padded(eventDataBytesMax) },
];

export const describePayloads = (open: Open): void => {
  describe('data that is odd', () => {
    test.each(odd)(
      'given data with $what / when it is read back / then it is the same and hashes the same',
      async ({ data }) => {
        const { store } = await open();
        const [stream, event] = [freshStream(), newEvent({ data })];
        await store.append(stream, [event], 'no-stream');
        const [recorded] = await store.readStream(stream);
        if (recorded === undefined) throw new Error('nothing was recorded');
        expect(asAppended(recorded)).toEqual(event);
        expect(Object.keys(recorded.data).sort()).toEqual(Object.keys(data).sort());
        expect(recorded.hash).toBe(eventHash(event, stream, 0n, recorded.prevHash));
        expect(await readEverything(store)).toEqual([recorded]);
      },
    );

    test('given data / when its writer or a reader changes it afterwards / then the record does not change', async () => {
      const { store } = await open();
      const [stream, tags] = [freshStream(), ['a']];
      await store.append(stream, [newEvent({ data: { tags } })], 'no-stream');
      tags.push('b');
      const [first] = await store.readStream(stream);
      if (Array.isArray(first?.data.tags)) first.data.tags.push('c');
      expect((await store.readStream(stream))[0]?.data).toEqual({ tags: ['a'] });
    });
  });

  describe('data that is refused', () => {
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    test.each([
      { what: 'one byte too many', over: { data: padded(eventDataBytesMax + 1) }, reason: 'too-large' },
      {
        what: 'too many bytes in few characters',
        over: { data: { pad: '漢'.repeat(eventDataBytesMax / 2) } },
        reason: 'too-large',
      },
      { what: 'half a character', over: { data: { text: '\ud800' } }, reason: 'not-json' },
      { what: 'a number that is none', over: { data: { n: Number.NaN } }, reason: 'not-json' },
      { what: 'a loop', over: { data: loop as JsonObject }, reason: 'not-json' },
      { what: 'a list instead of an object', over: { data: [] as unknown as JsonObject }, reason: 'not-json' },
      { what: 'an empty id', over: { eventId: '' }, reason: 'bad-envelope' },
      { what: 'an endless type', over: { type: 'T'.repeat(10_000) }, reason: 'bad-envelope' },
      { what: 'half a character in an id', over: { correlationId: '\udc00' }, reason: 'bad-envelope' },
      { what: 'half a version', over: { version: 1.5 }, reason: 'bad-envelope' },
      { what: 'an actor without a name', over: { actor: 'process:' as const }, reason: 'bad-envelope' },
      { what: 'a time that is none', over: { recordedAt: 'yesterday' }, reason: 'bad-envelope' },
    ])(
      'given $what / when it is appended / then it is refused by name and nothing is recorded',
      async ({ over, reason }) => {
        const { store } = await open();
        const events = [newEvent(), newEvent(over)];
        const failure = await store.append(freshStream(), events, 'no-stream').catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(InvalidAppend);
        expect(failure).toMatchObject({ reason });
        expect(await store.head()).toBeNull();
      },
    );
  });
};
