import { expect, test } from 'vitest';
import { createManualClock } from '#adapters/memory';
import { nonceMs } from '../limits.ts';
import { createImaSpool } from './ima-spool.ts';

const part = (nonce: string, index: number, text: string) => ({
  ...{ nonce, nonceExpiresAt: 0, index, bytes: Buffer.from(text).toString('base64') },
});

test('given parts in order / when they are collected / then they are one list, once', () => {
  const spool = createImaSpool(createManualClock());
  expect(spool.take('m', part('n', 0, 'ab'))).toEqual({ nextIndex: 1 });
  expect(spool.take('m', part('n', 1, 'cd'))).toEqual({ nextIndex: 2 });
  expect(spool.collect('m', 'n', 2)?.toString()).toBe('abcd');
  expect(spool.collect('m', 'n', 2)).toBeNull();
});

test.each([
  ['a part is missing', () => [part('n', 0, 'a'), part('n', 2, 'c')]],
  ['it begins in the middle', () => [part('n', 1, 'a')]],
  ['another nonce goes on', () => [part('n', 0, 'a'), part('o', 1, 'b')]],
])('given parts of which %s / then that one is refused, with what is wanted', (_, parts) => {
  const spool = createImaSpool(createManualClock());
  expect(() => parts().map((one) => spool.take('m', one))).toThrow(
    expect.objectContaining({ code: 'ima-part-unexpected', message: expect.stringContaining('wanted part') }),
  );
});

test('given another nonce or number of parts / when it is collected / then there is nothing', () => {
  const spool = createImaSpool(createManualClock());
  spool.take('m', part('n', 0, 'ab'));
  expect(spool.collect('m', 'o', 1)).toBeNull();
  spool.take('m', part('n', 0, 'ab'));
  expect(spool.collect('m', 'n', 2)).toBeNull();
});

test('given more than is held / when another comes / then the oldest makes room, and what expired goes', async () => {
  const clock = createManualClock();
  const spool = createImaSpool(clock, 8);
  for (const miner of ['a', 'b', 'c']) spool.take(miner, part('n', 0, 'xxxx'));
  expect(spool.collect('a', 'n', 1)).toBeNull();
  expect(spool.collect('b', 'n', 1)?.toString()).toBe('xxxx');
  await clock.advance(nonceMs);
  spool.take('d', part('n', 0, 'y'));
  expect(spool.collect('c', 'n', 1)).toBeNull();
  expect(spool.collect('d', 'n', 1)?.toString()).toBe('y');
});
