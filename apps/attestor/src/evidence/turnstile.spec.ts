import { expect, test } from 'vitest';
import { createTurnstile } from './turnstile.ts';

const gate = () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { open: resolve, opened: promise };
};

test('given a miner whose evidence is being judged / when it sends ten thousand more / then each is refused at once, and others pass', async () => {
  const turnstile = createTurnstile(2, 4);
  const { open, opened } = gate();
  const first = turnstile.pass('a', () => opened);
  const more = await Promise.allSettled(
    Array.from({ length: 10_000 }, () => turnstile.pass('a', async () => 'judged')),
  );
  expect(new Set(more.map((one) => (one.status === 'rejected' ? one.reason.code : 'judged')))).toEqual(
    new Set(['already-judging']),
  );
  expect(await turnstile.pass('b', async () => 'judged')).toBe('judged');
  open();
  await first;
  expect(await turnstile.pass('a', async () => 'judged')).toBe('judged');
});

test('given as many as are judged at once / when more come / then they wait in turn, and beyond that are told to come again', async () => {
  const turnstile = createTurnstile(1, 2);
  const { open, opened } = gate();
  const order: string[] = [];
  const pass = (miner: string) =>
    turnstile.pass(miner, async () => {
      await opened;
      order.push(miner);
    });
  const all = ['a', 'b', 'c'].map(pass);
  await expect(pass('d')).rejects.toMatchObject({ code: 'crowded', retryInMs: 2_000 });
  open();
  await Promise.all(all);
  expect(order).toEqual(['a', 'b', 'c']);
});

test('given work that fails / when it is over / then its place is free', async () => {
  const turnstile = createTurnstile(1, 0);
  await expect(turnstile.pass('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await turnstile.pass('a', async () => 1)).toBe(1);
});
