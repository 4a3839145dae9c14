import { expect, test } from 'vitest';
import { createSystemClock } from './system-clock.ts';

test('given a sleep / when it is over / then at least its time has passed', async () => {
  const clock = createSystemClock();
  const before = clock.now();
  await clock.sleep(20);
  expect(clock.now() - before).toBeGreaterThanOrEqual(19);
});

test('given a sleep longer than the machine has timers for / when it is aborted / then only then it ends', async () => {
  const clock = createSystemClock();
  const abort = new AbortController();
  let woken = false;
  const sleeping = clock.sleep(2 ** 33, abort.signal).then(() => {
    woken = true;
  });
  await clock.sleep(20);
  expect(woken).toBe(false);
  abort.abort();
  await sleeping;
});
