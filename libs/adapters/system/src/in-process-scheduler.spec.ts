import { expect, test } from 'vitest';
import { createManualClock } from '#adapters/memory';
import type { Timer } from '#events';
import { describeScheduler } from '../../../../test/conformance/scheduler.ts';
import { createInProcessScheduler } from './in-process-scheduler.ts';
import { timerRetryFirstMs } from './limits.ts';
import { createSystemClock } from './system-clock.ts';

describeScheduler('in process', {
  open: async () => {
    const scheduler = createInProcessScheduler({ clock: createSystemClock(), fired: () => undefined });
    return { scheduler, close: scheduler.stop };
  },
});

const onClock = (due: (timer: Timer) => Promise<void>, derived: readonly Timer[] = []) => {
  const clock = createManualClock(1_000);
  const faults: string[] = [];
  const scheduler = createInProcessScheduler({
    clock,
    fired: ({ kind, error }) => error !== null && faults.push(`${kind}: ${error}`),
  });
  const timers = scheduler.serve({ kind: 'test', derive: () => derived, due });
  return { clock, faults, scheduler, timers };
};

test('given derived timers / when their time comes / then each is called to the millisecond, a past one at once', async () => {
  const calls: string[] = [];
  const { clock } = onClock(
    async ({ id }) => void calls.push(`${id}@${clock.now()}`),
    [
      { id: 'later', dueAt: 1_200 },
      { id: 'past', dueAt: 10 },
    ],
  );
  await clock.advance(1_000);
  expect(calls).toEqual(['past@1000', 'later@1200']);
});

test('given a call that fails / when it is due / then the fault is told, and the pause grows until it is cancelled', async () => {
  const at: number[] = [];
  const { clock, faults, timers } = onClock(async () => {
    at.push(clock.now() - 1_000);
    throw new Error('no');
  });
  timers.set({ id: 'bad', dueAt: 1_000 });
  await clock.advance(7 * timerRetryFirstMs);
  expect(at).toEqual([0, 1_000, 3_000, 7_000]);
  timers.cancel('bad');
  await clock.advance(3_600_000);
  expect(at).toHaveLength(4);
  expect(faults[0]).toBe('test: Error: no');
});

test('given a call that runs / when its timer is set again and due / then the second waits for the first', async () => {
  const calls: string[] = [];
  const { clock, timers } = onClock(async ({ dueAt }) => {
    if (dueAt === 1_100) timers.set({ id: 'slow', dueAt: 1_150 });
    await clock.sleep(500);
    calls.push(`${dueAt}@${clock.now()}`);
  });
  timers.set({ id: 'slow', dueAt: 1_100 });
  await clock.advance(2_000);
  expect(calls).toEqual(['1100@1600', '1150@2100']);
});

test('given a clock that is set back while a timer waits / when the wait is over / then it waits on', async () => {
  const wall = createManualClock(10_000);
  let setBackMs = 0;
  const clock = { ...wall, now: () => wall.now() - setBackMs };
  const calls: number[] = [];
  const scheduler = createInProcessScheduler({ clock, fired: () => undefined });
  scheduler.serve({
    kind: 'test',
    derive: () => [{ id: 'a', dueAt: 10_100 }],
    due: async () => void calls.push(clock.now()),
  });
  setBackMs = 5_000;
  await wall.advance(200);
  expect(calls).toEqual([]);
  await wall.advance(5_000);
  expect(calls).toEqual([10_100]);
});

test('given a kind that is served / when it is served again in the same process / then that is a bug, by name', () => {
  const { scheduler } = onClock(async () => undefined);
  expect(() => scheduler.serve({ kind: 'test', derive: () => [], due: async () => undefined })).toThrow(/kind test/);
});
