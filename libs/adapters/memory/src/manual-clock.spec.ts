import { expect, test } from 'vitest';
import { createManualClock } from './manual-clock.ts';

test('given sleepers / when time moves past them / then they wake in the order of their instants, each at its own', async () => {
  const clock = createManualClock(100);
  const woken: string[] = [];
  const sleep = async (name: string, ms: number) => {
    await clock.sleep(ms);
    woken.push(`${name}@${clock.now()}`);
  };
  const all = [sleep('late', 30), sleep('early', 10), sleep('also-early', 10), sleep('now', 0)];
  await clock.advance(30);
  await Promise.all(all);
  expect(woken).toEqual(['now@100', 'early@110', 'also-early@110', 'late@130']);
  expect(clock.now()).toBe(130);
});

test('given a sleeper that sleeps again / when time moves over both / then both happen at their instants', async () => {
  const clock = createManualClock();
  const ticks: number[] = [];
  const abort = new AbortController();
  const ticking = (async () => {
    while (!abort.signal.aborted) {
      await clock.sleep(10, abort.signal);
      ticks.push(clock.now());
    }
  })();
  await clock.advance(35);
  expect(ticks).toEqual([10, 20, 30]);
  expect(clock.nextDueAt()).toBe(40);
  abort.abort();
  await ticking;
  expect(clock.nextDueAt()).toBeNull();
});

test('given a sleeper / when its signal aborts, or has aborted / then it wakes at once', async () => {
  const clock = createManualClock();
  const abort = new AbortController();
  const sleeping = clock.sleep(1_000, abort.signal);
  abort.abort();
  await sleeping;
  await clock.sleep(1_000, abort.signal);
  expect(clock.now()).toBe(0);
});
