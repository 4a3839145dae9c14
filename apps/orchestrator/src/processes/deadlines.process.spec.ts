import { describe, expect, test } from 'vitest';
import { minuteMs, type VmId } from '#domain';
import { type EventStore, type Scheduler, StoreUnavailable, streamName, UnknownEvent } from '#events';
import { type Bench, createBench, roomFor } from '../../../../test/conformance/bench.ts';
import { type Act, describeProcess, runProcess, type Story } from '../../../../test/conformance/process.ts';
import { createDeadlineTimer } from './deadline-timer.ts';
import { deadlines, type LiveVms, nextDeadlineAt } from './deadlines.process.ts';

const raiseDue: Act<LiveVms> = async (live, { store, clock }) => {
  const timer = createDeadlineTimer({
    store,
    clock,
    scheduler: handScheduler(),
    live: () => live,
    log: () => undefined,
  });
  await timer.raiseDue();
};

/** Keeps the last timer set, and fires it when told. */
const handScheduler = () => {
  const timers = new Map<string, { readonly at: number; readonly due: () => Promise<void> }>();
  const scheduler: Scheduler = {
    schedule: (key, at, due) => void timers.set(key, { at, due }),
    cancel: (key) => void timers.delete(key),
    stop: async () => timers.clear(),
  };
  return { ...scheduler, only: () => [...timers.values()][0] };
};

const passed: Story = async (bench, run) => {
  const accountId = await bench.account(50n);
  await bench.request(accountId);
  await run();
  bench.clock.pass(minuteMs - 1);
  await run();
  bench.clock.pass(1);
  await run();
  bench.clock.pass(10 * minuteMs);
  await run();
};

describeProcess(deadlines, { 'a deadline passes': passed }, raiseDue);

describe('deadlines', () => {
  const run = (bench: Bench) => runProcess(deadlines, bench, { act: raiseDue });

  test('given a VM nobody admits, when its minute is over, then that is said once and nothing is destroyed', async () => {
    const bench = createBench();
    const vmId = await bench.request(await bench.account(50n));
    bench.clock.pass(minuteMs - 1);
    await run(bench);
    expect(await bench.types(`vm-${vmId}`)).toEqual(['VmRequested']);
    bench.clock.pass(1);
    await run(bench);
    await run(bench);
    expect(await bench.types(`vm-${vmId}`)).toEqual(['VmRequested', 'VmDeadlinePassed']);
  });

  test('given a VM that got what it waited for, when the old deadline passes, then nothing is said', async () => {
    const bench = createBench();
    const minerId = await bench.miner(roomFor(1));
    const vmId = await bench.placed(await bench.account(50n), minerId);
    bench.clock.pass(2 * minuteMs);
    await run(bench);
    expect(await bench.types(`vm-${vmId}`)).not.toContain('VmDeadlinePassed');
  });

  test('given one VM whose stream cannot be read, when deadlines pass, then every other is raised all the same', async () => {
    const bench = createBench();
    const accountId = await bench.account(50n);
    const [bad, good] = [await bench.request(accountId), await bench.request(accountId)];
    const live = await runProcess(deadlines, bench);
    bench.clock.pass(minuteMs);
    const store = unreadable(bench.store, bad);
    await expect(raiseDue(live, { store, clock: bench.clock, checkpoints: bench.checkpoints })).rejects.toThrow(
      UnknownEvent,
    );
    expect(await bench.types(`vm-${good}`)).toContain('VmDeadlinePassed');
  });

  test('given a lost store when the timer fires, then it is tried again seconds later and raised then', async () => {
    const bench = createBench();
    const vmId = await bench.request(await bench.account(50n));
    const live = await runProcess(deadlines, bench);
    const scheduler = handScheduler();
    let isLost = true;
    const store: EventStore = {
      ...bench.store,
      append: (...given) => {
        if (isLost) throw new StoreUnavailable('busy', 'busy');
        return bench.store.append(...given);
      },
    };
    const { clock } = bench;
    const timer = createDeadlineTimer({ store, clock, scheduler, live: () => live, log: () => undefined });
    timer.set();
    expect(scheduler.only()?.at).toBe(nextDeadlineAt(live));
    clock.pass(minuteMs);
    await scheduler.only()?.due();
    expect(await bench.types(`vm-${vmId}`)).toEqual(['VmRequested']);
    expect(scheduler.only()?.at).toBe(clock.now() + 5_000);
    isLost = false;
    await scheduler.only()?.due();
    expect(await bench.types(`vm-${vmId}`)).toContain('VmDeadlinePassed');
  });

  test('given nothing waits, when the timer is set, then there is none', async () => {
    const scheduler = handScheduler();
    const { store, clock } = createBench();
    createDeadlineTimer({ store, clock, scheduler, live: () => new Map(), log: () => undefined }).set();
    expect(scheduler.only()).toBeUndefined();
  });
});

const unreadable = (store: EventStore, vmId: VmId): EventStore => ({
  ...store,
  readStream: async (stream, options) => {
    const history = await store.readStream(stream, options);
    return stream === streamName('vm', vmId) ? history.map((event) => ({ ...event, version: 99 })) : history;
  },
});
