import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createTruth, now, type Open, quietMs } from './scheduler-truth.ts';
import { until } from './until.ts';

/** What a call may do, and what happens to it. */
export const describeCalls = (open: Open): void => {
  test('given a call that fails / when its timer is due / then it is called again until it does not', async () => {
    const { scheduler } = await open();
    const truth = createTruth();
    const timers = scheduler.serve(
      truth.source(async (timer) => {
        truth.calls.push({ ...timer, at: now() });
        if (timer.id === 'bad' && truth.calls.length < 4) throw new Error('the store is away');
        truth.standing.delete(timer.id);
      }),
    );
    truth.set(timers, 'bad', 20);
    await until('the third call', () => truth.ids().filter((id) => id === 'bad').length >= 2);
    truth.set(timers, 'good', 20);
    await until('both went well', () => truth.standing.size === 0);
    expect(truth.ids()).toContain('good');
  });

  test('given a call that sets its own timer again / when it ticks / then every tick is called once', async () => {
    const { scheduler } = await open();
    const truth = createTruth();
    const timers = scheduler.serve(
      truth.source(async (timer) => {
        truth.note(timer);
        if (truth.calls.length < 5) truth.set(timers, timer.id, 30);
      }),
    );
    truth.set(timers, 'hourly', 30);
    await until('five ticks', () => truth.calls.length >= 5);
    await setTimeout(quietMs);
    expect(new Set(truth.calls.map(({ dueAt }) => dueAt)).size).toBe(5);
    expect(truth.calls).toHaveLength(5);
  });

  test('given a call that runs / when the kind stops / then it is waited for and nothing more is called', async () => {
    const { scheduler } = await open();
    const truth = createTruth();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const timers = scheduler.serve(
      truth.source(async (timer) => {
        truth.note(timer);
        await held;
      }),
    );
    truth.set(timers, 'running', 10);
    await until('it runs', () => truth.calls.length > 0);
    truth.set(timers, 'waiting', 100);
    let stopped = false;
    const stopping = timers.stop().then(() => {
      stopped = true;
    });
    await setTimeout(quietMs);
    expect(stopped).toBe(false);
    release();
    await stopping;
    expect(truth.ids()).toEqual(['running']);
  });

  test('given timers that fell due while nobody served them / when the kind is served again / then they are called', async () => {
    const { scheduler } = await open();
    const truth = createTruth();
    const first = scheduler.serve(truth.source());
    truth.set(first, 'overslept', 100);
    await first.stop();
    await setTimeout(quietMs);
    scheduler.serve(truth.source());
    await until('it is called', () => truth.calls.length > 0);
    expect(truth.ids()).toEqual(['overslept']);
  });

  test('given timers / when the status is asked / then it counts what stands, by kind', async () => {
    const { scheduler } = await open();
    const [a, b] = [createTruth('attestation'), createTruth('billing')];
    const timers = scheduler.serve(a.source());
    scheduler.serve(b.source());
    a.set(timers, 'one', 60_000);
    a.set(timers, 'two', 60_000);
    expect(scheduler.status()).toMatchObject({ standing: { attestation: 2, billing: 0 }, unreachable: null });
  });
};

/** What several processes on the same timers promise. */
export const describeReplicas = (open: Open): void => {
  test('given two replicas that serve the same timers / when they are due / then exactly one of them is called', async (context) => {
    const { scheduler, replica } = await open();
    if (replica === undefined) return context.skip('one process: the lease decides which replica has timers');
    const truth = createTruth();
    for (let n = 0; n < 100; n += 1) truth.standing.set(`timer-${n}`, now() + 200 + n);
    scheduler.serve(truth.source());
    (await replica()).serve(truth.source());
    await until('all are called', () => truth.calls.length >= 100);
    await setTimeout(quietMs);
    expect(truth.calls).toHaveLength(100);
    expect(new Set(truth.ids()).size).toBe(100);
  });

  test('given a replica that stops / when a timer it set is due / then the other one is called', async (context) => {
    const { scheduler, replica } = await open();
    if (replica === undefined) return context.skip('one process: the lease decides which replica has timers');
    const truth = createTruth();
    const timers = scheduler.serve(truth.source());
    (await replica()).serve(truth.source());
    truth.set(timers, 'handed-over', 400);
    await setTimeout(quietMs);
    await timers.stop();
    await until('it is called', () => truth.calls.length > 0);
    expect(truth.ids()).toEqual(['handed-over']);
  });
};
