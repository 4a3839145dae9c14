import { setTimeout } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSystemClock } from '#adapters/system';
import type { Scheduler, Timer } from '#events';
import { until } from './until.ts';

/** A scheduler on the machine's clock. `replica` is another process on the same timers, where that exists. */
export type OpenedScheduler = {
  readonly scheduler: Scheduler;
  readonly close: () => Promise<void>;
  readonly replica?: () => Promise<Scheduler>;
};

const { now } = createSystemClock();
/** Longer than any scheduler here is late on a busy machine of two cores; only the absence of a call waits for it. */
const quietMs = 300;

/** A kind's timers as events would tell them, and every call that came. */
const createTruth = (kind = 'deadline') => {
  const standing = new Map<string, number>();
  const calls: (Timer & { readonly at: number })[] = [];
  const note = (timer: Timer): void => {
    calls.push({ ...timer, at: now() });
    if (standing.get(timer.id) === timer.dueAt) standing.delete(timer.id);
  };
  return {
    standing,
    calls,
    note,
    ids: () => calls.map(({ id }) => id).sort(),
    source: (due: (timer: Timer) => Promise<void> = async (timer) => note(timer)) => ({
      kind,
      derive: () => [...standing].map(([id, dueAt]) => ({ id, dueAt })),
      due,
    }),
    /** Sets a timer as its owner would: the truth first, then the scheduler. */
    set: (timers: { set(timer: Timer): void }, id: string, inMs: number): number => {
      const dueAt = now() + inMs;
      standing.set(id, dueAt);
      timers.set({ id, dueAt });
      return dueAt;
    },
    cancel: (timers: { cancel(id: string): void }, id: string): void => {
      standing.delete(id);
      timers.cancel(id);
    },
  };
};

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

type Open = () => Promise<OpenedScheduler>;

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

const describeCalls = (open: Open): void => {
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

const describeReplicas = (open: Open): void => {
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
