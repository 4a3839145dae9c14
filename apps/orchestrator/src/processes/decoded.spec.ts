import { expect, test } from 'vitest';
import type { RecordedEvent } from '#events';
import { createBench, roomFor } from '../../../../test/conformance/bench.ts';
import { decodeKnown } from './decoded.ts';

test('given the same event out of one page, then it is decoded once for all who read side by side, and anew much later', async () => {
  const bench = createBench();
  await bench.miner(roomFor(1));
  const [first] = await bench.log();
  if (first === undefined) throw new Error('no event');
  const known = decodeKnown(first);
  const readOn = (events: number): void => {
    for (let n = 0; n < events; n += 1) decodeKnown({ ...first } satisfies RecordedEvent);
  };
  readOn(4_000);
  expect(decodeKnown(first)).toBe(known);
  readOn(10_000);
  const anew = decodeKnown(first);
  expect(anew).not.toBe(known);
  expect(anew).toEqual(known);
});
