import { expect, onTestFinished, test, vi } from 'vitest';
import { wakePauseMaxMs, wakePauseMs, wakePausePerEventMs } from './limits.ts';
import { createPace } from './pace.ts';

/** How often tails were woken, and how many of those who asked may read. */
const paced = () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const told = { wakes: 0, reads: 0 };
  const pace = createPace(() => {
    told.wakes += 1;
  });
  const read = () => void pace.calm().then(() => (told.reads += 1));
  return { told, pace, read, pass: (ms: number) => vi.advanceTimersByTimeAsync(ms) };
};

test('given few appends / when they come / then tails wake and read at once, and again after a moment', async () => {
  const { told, pace, read, pass } = paced();
  pace.appended(1);
  read();
  pace.appended(1);
  await pass(0);
  expect(told).toEqual({ wakes: 1, reads: 1 });
  await pass(wakePauseMs);
  expect(told).toEqual({ wakes: 2, reads: 1 });
});

test('given many appends / when more come / then they are seen together, longer after the more there are, and none waits for ever', async () => {
  const { told, pace, read, pass } = paced();
  pace.appended(10);
  read();
  await pass(10 * wakePausePerEventMs - 1);
  pace.appended(1_000);
  expect(told).toEqual({ wakes: 1, reads: 0 });
  await pass(1);
  expect(told).toEqual({ wakes: 2, reads: 1 });
  read();
  await pass(wakePauseMaxMs - 1);
  expect(told.reads).toBe(1);
  await pass(1);
  expect(told).toEqual({ wakes: 2, reads: 2 });
  read();
  await pass(0);
  expect(told.reads).toBe(3);
});
