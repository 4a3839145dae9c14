import { expect, test } from 'vitest';
import { createManualClock } from '#adapters/memory';
import { createInProcessScheduler } from './in-process-scheduler.ts';

const started = () => {
  const clock = createManualClock(1_000);
  const calls: string[] = [];
  const faults: string[] = [];
  const scheduler = createInProcessScheduler(clock, (key, error) => faults.push(`${key}: ${error}`));
  const note = (what: string) => async () => {
    calls.push(`${what}@${clock.now()}`);
  };
  return { clock, calls, faults, scheduler, note };
};

test('given timers / when their time comes / then each is called once, a past one at once', async () => {
  const { clock, calls, scheduler, note } = started();
  scheduler.schedule('later', 1_200, note('later'));
  scheduler.schedule('past', 10, note('past'));
  await clock.advance(1_000);
  expect(calls).toEqual(['past@1000', 'later@1200']);
});

test('given a timer / when its key is scheduled again or cancelled / then the old one is not called', async () => {
  const { clock, calls, scheduler, note } = started();
  scheduler.schedule('a', 1_100, note('first'));
  scheduler.schedule('a', 1_300, note('second'));
  scheduler.schedule('b', 1_100, note('cancelled'));
  scheduler.cancel('b');
  await clock.advance(1_000);
  expect(calls).toEqual(['second@1300']);
});

test('given a timer that throws / when it is due / then the fault is told and the others go on', async () => {
  const { clock, calls, faults, scheduler, note } = started();
  scheduler.schedule('bad', 1_100, async () => {
    throw new Error('no');
  });
  scheduler.schedule('good', 1_100, note('good'));
  await clock.advance(200);
  expect(faults).toEqual(['bad: Error: no']);
  expect(calls).toEqual(['good@1100']);
});

test('given a call that runs / when its key is due again / then the second waits for the first', async () => {
  const { clock, calls, scheduler, note } = started();
  scheduler.schedule('slow', 1_100, async () => {
    scheduler.schedule('slow', 1_150, note('second'));
    await clock.sleep(500);
    await note('first ends')();
  });
  await clock.advance(1_000);
  expect(calls).toEqual(['first ends@1600', 'second@1600']);
});

test('given a call that runs / when the scheduler stops / then it waits for it and calls nothing more', async () => {
  const { clock, calls, scheduler, note } = started();
  scheduler.schedule('running', 1_100, async () => {
    await clock.sleep(100);
    await note('ran')();
  });
  scheduler.schedule('waiting', 1_150, note('waiting'));
  await clock.advance(100);
  const stopped = scheduler.stop();
  await clock.advance(1_000);
  await stopped;
  scheduler.schedule('too-late', 0, note('too-late'));
  await clock.advance(1_000);
  expect(calls).toEqual(['ran@1200']);
});
