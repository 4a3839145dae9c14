import { expect, test } from 'vitest';
import { genesisHash } from '#events';
import { freshStream } from '../../../../test/conformance/new-events.ts';
import { createKnownStreams } from './known-streams.ts';
import type { ChainLink } from './records.ts';

/** Links of a chain from a revision on; each hash names its revision. */
const links = (from: number, count: number): readonly ChainLink[] =>
  Array.from({ length: count }, (_, index) => {
    const revision = BigInt(from + index);
    const prevHash = revision === 0n ? genesisHash : `hash-${revision - 1n}`;
    return { revision, hash: `hash-${revision}`, prevHash, eventId: `event-${revision}` };
  });

test('given a stream nobody told of / then it has no end and no ids', () => {
  expect(createKnownStreams().of(freshStream())).toEqual({ revision: -1n, hash: genesisHash, ids: new Set() });
});

test('given pages that overlap / when they are learned in any way / then the end is that of the longest', () => {
  const known = createKnownStreams();
  const stream = freshStream();
  expect(known.learn(stream, links(0, 3))).toBe(true);
  expect(known.learn(stream, links(1, 4))).toBe(true);
  expect(known.learn(stream, links(0, 2))).toBe(true);
  expect(known.of(stream)).toMatchObject({ revision: 4n, hash: 'hash-4' });
  expect([...known.of(stream).ids]).toEqual(['event-0', 'event-1', 'event-2', 'event-3', 'event-4']);
});

test('given a page with something missing before it, or a link that does not hold / then nothing of it is believed', () => {
  const known = createKnownStreams();
  const stream = freshStream();
  expect(known.learn(stream, links(2, 2))).toBe(false);
  expect(known.of(stream).revision).toBe(-1n);
  known.learn(stream, links(0, 2));
  const [forged] = links(2, 1).map((link) => ({ ...link, prevHash: 'of another chain' }));
  expect(known.learn(stream, forged === undefined ? [] : [forged])).toBe(false);
  expect(known.of(stream).revision).toBe(1n);
});

test('given more ids than are kept / when streams go on / then the longest unused are forgotten, and one alone never is', () => {
  const known = createKnownStreams(10);
  const [a, b, c] = [freshStream(), freshStream(), freshStream()];
  known.learn(a, links(0, 4));
  known.learn(b, links(0, 4));
  known.learn(a, links(4, 1));
  known.learn(c, links(0, 4));
  expect([a, b, c].map((stream) => known.of(stream).revision)).toEqual([4n, -1n, 3n]);
  known.learn(c, links(4, 20));
  expect([a, c].map((stream) => known.of(stream).revision)).toEqual([-1n, 23n]);
});
