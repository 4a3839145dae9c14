import { setTimeout } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { describeCalls, describeReplicas } from './scheduler-calls.ts';
import { createTruth, now, type Open, type OpenedScheduler, quietMs } from './scheduler-truth.ts';
import { until } from './until.ts';

type Factory = { open(): Promise<OpenedScheduler> };

/** What a scheduler promises, over a factory of empty ones. */
export const describeScheduler = (name: string, factory: Factory): void => {
  const open = async (): Promise<OpenedScheduler> => {
    const opened = await factory.open();
    onTestFinished(opened.close);
    return opened;
  };
  describe(`scheduler: ${name}`, () => {
    describeFiring(open);
    describeChanges(open);
    describeCalls(open);
    describeReplicas(open);
  });
};

const describeFiring = (open: Open): void => {
  test('given timers that events tell of / when they are served / then each is called once, a past one at once', async () => {
    const { scheduler } = await open();
    const truth = createTruth();
    for (const [id, inMs] of Object.entries({ past: -60_000, soon: 50, later: 150 }))
      truth.standing.set(id, now() + inMs);
    scheduler.serve(truth.source());
    await until('all three are called', () => truth.calls.length >= 3);
    await setTimeout(quietMs);
    expect(truth.calls.map(({ id }) => id)).toEqual(['past', 'soon', 'later']);
  });

  test('given timers set one after the other / when their time comes / then none is called before it', async () => {
    const { scheduler } = await open();
    const truth = createTruth();
    const timers = scheduler.serve(truth.source());
    for (let n = 0; n < 20; n += 1) truth.set(timers, `timer-${n}`, 20 + 13 * n);
    await until('all are called', () => truth.calls.length >= 20);
    for (const { at, dueAt } of truth.calls) expect(at).toBeGreaterThanOrEqual(dueAt);
    expect(truth.ids()).toHaveLength(new Set(truth.ids()).size);
  });

  test('given five hundred timers for the same moment / when it comes / then each is called once', async () => {
    const { scheduler } = await open();
    const truth = createTruth();
    for (let n = 0; n < 500; n += 1) truth.standing.set(`timer-${n}`, now() + 100);
    scheduler.serve(truth.source());
    await until('all are called', () => truth.calls.length >= 500);
    await setTimeout(quietMs);
    expect(new Set(truth.ids()).size).toBe(500);
    expect(truth.calls).toHaveLength(500);
  });

  test('given two kinds with timers of the same id / when they are due / then each goes to its own', async () => {
    const { scheduler } = await open();
    const [a, b] = [createTruth('attestation'), createTruth('billing')];
    const [first, second] = [scheduler.serve(a.source()), scheduler.serve(b.source())];
    const [atA, atB] = [a.set(first, 'x', 50), b.set(second, 'x', 60)];
    await until('both are called', () => a.calls.length + b.calls.length >= 2);
    expect([a.calls[0]?.dueAt, b.calls[0]?.dueAt]).toEqual([atA, atB]);
  });

  test('given ids with every odd character / when they are due / then they come back as they were', async () => {
    const { scheduler } = await open();
    const truth = createTruth();
    const odd = ['a:b', 'a@1', 'a b', '%3A', 'ä/\\"', '', '0', '{x}', '\n'];
    const timers = scheduler.serve(truth.source());
    for (const id of odd) truth.set(timers, id, 20);
    await until('all are called', () => truth.calls.length >= odd.length);
    expect(truth.ids()).toEqual([...odd].sort());
  });
};

const describeChanges = (open: Open): void => {
  test('given a timer / when it is set again, earlier or later / then only the new one is called', async () => {
    const { scheduler } = await open();
    const truth = createTruth();
    const timers = scheduler.serve(truth.source());
    truth.set(timers, 'postponed', 100);
    truth.set(timers, 'advanced', 60_000);
    const [postponed, advanced] = [truth.set(timers, 'postponed', 250), truth.set(timers, 'advanced', 50)];
    await until('both are called', () => truth.calls.length >= 2);
    await setTimeout(quietMs);
    expect(truth.calls.map(({ id, dueAt }) => ({ id, dueAt }))).toEqual([
      { id: 'advanced', dueAt: advanced },
      { id: 'postponed', dueAt: postponed },
    ]);
  });

  test('given a timer / when it is cancelled, and when one that never was is cancelled / then nothing is called', async () => {
    const { scheduler } = await open();
    const truth = createTruth();
    truth.standing.set('derived', now() + 150);
    const timers = scheduler.serve(truth.source());
    truth.set(timers, 'set', 150);
    for (const id of ['derived', 'set', 'never']) truth.cancel(timers, id);
    truth.set(timers, 'last', 200);
    await until('the last is called', () => truth.calls.length > 0);
    await setTimeout(quietMs);
    expect(truth.ids()).toEqual(['last']);
  });

  test('given a timer that is set and cancelled a hundred times / when it ends set / then it is called once', async () => {
    const { scheduler } = await open();
    const truth = createTruth();
    const timers = scheduler.serve(truth.source());
    for (let n = 0; n < 100; n += 1) {
      truth.set(timers, 'busy', 50 + n);
      truth.cancel(timers, 'busy');
    }
    const dueAt = truth.set(timers, 'busy', 80);
    await until('it is called', () => truth.calls.length > 0);
    await setTimeout(quietMs);
    expect(truth.calls.map((call) => call.dueAt)).toEqual([dueAt]);
  });

  test('given a scheduler that stopped / when a timer is set or cancelled / then nothing is called and nothing fails', async () => {
    const { scheduler } = await open();
    const truth = createTruth();
    const timers = scheduler.serve(truth.source());
    await timers.stop();
    truth.set(timers, 'too-late', 0);
    truth.cancel(timers, 'never');
    await setTimeout(quietMs);
    expect(truth.calls).toEqual([]);
  });
};
