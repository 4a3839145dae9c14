import { describe, expect, test } from 'vitest';
import { minuteMs, type VmId } from '#domain';
import { createConsumer, type EventStore, type Scheduler, streamName, UnknownEvent } from '#events';
import { type Bench, createBench, roomFor } from '../../../../test/conformance/bench.ts';
import { type Act, describeProcess, runProcess, type Story } from '../../../../test/conformance/process.ts';
import { deadlineSource, withTimers } from './deadline-timer.ts';
import { deadlines, type LiveVms } from './deadlines.process.ts';
import { processSink } from './runner.ts';

/** What the timers do once their time has come, in the order they stand. */
const raiseDue: Act<LiveVms> = async (live, { store, clock }) => {
  const source = deadlineSource(() => live, { store, clock });
  for (const timer of source.derive()) if (timer.dueAt <= clock.now()) await source.due(timer);
};

/** Keeps what it is told, and fires nothing by itself. */
const handScheduler = () => {
  const standing = new Map<string, number>();
  const scheduler: Scheduler = {
    serve: ({ derive }) => {
      standing.clear();
      for (const { id, dueAt } of derive()) standing.set(id, dueAt);
      return {
        set: ({ id, dueAt }) => void standing.set(id, dueAt),
        cancel: (id) => void standing.delete(id),
        stop: async () => standing.clear(),
      };
    },
    status: () => ({ backend: 'in-process', standing: {}, unreachable: null }),
    stop: async () => standing.clear(),
  };
  return { scheduler, standing };
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
    const source = deadlineSource(() => live, { store: unreadable(bench.store, bad), clock: bench.clock });
    await expect(source.due({ id: bad, dueAt: 0 })).rejects.toThrow(UnknownEvent);
    await source.due({ id: good, dueAt: 0 });
    expect(await bench.types(`vm-${good}`)).toContain('VmDeadlinePassed');
  });

  test('given VMs that wait, when the sink loads and events come, then the timers are what the fold says', async () => {
    const bench = createBench();
    const accountId = await bench.account(50n);
    const old = await bench.request(accountId);
    const { scheduler, standing } = handScheduler();
    const source = processSink(deadlines, bench, 'beginning');
    const timed = withTimers(source, source.state, deadlineSource(source.state, bench), scheduler);
    const consumer = createConsumer({ ...bench, name: deadlines.name, sink: timed.sink, log: () => undefined });
    await consumer.runOnce();
    const young = await bench.request(accountId);
    await consumer.runOnce();
    expect(new Map(standing)).toEqual(
      new Map([
        [old, bench.clock.now() + minuteMs],
        [young, bench.clock.now() + minuteMs],
      ]),
    );
    bench.clock.pass(minuteMs);
    await deadlineSource(source.state, bench).due({ id: old, dueAt: 0 });
    await consumer.runOnce();
    expect([...standing.keys()]).toEqual([young]);
    await timed.stop();
    expect(standing.size).toBe(0);
  });

  test('given a timer of a VM that is gone or whose deadline moved, when it is called, then nothing is said', async () => {
    const bench = createBench();
    const vmId = await bench.request(await bench.account(50n));
    const live = await runProcess(deadlines, bench);
    const source = deadlineSource(() => live, bench);
    await source.due({ id: vmId, dueAt: bench.clock.now() });
    await source.due({ id: 'no-such-vm', dueAt: 0 });
    expect(await bench.types(`vm-${vmId}`)).toEqual(['VmRequested']);
  });
});

const unreadable = (store: EventStore, vmId: VmId): EventStore => ({
  ...store,
  readStream: async (stream, options) => {
    const history = await store.readStream(stream, options);
    return stream === streamName('vm', vmId) ? history.map((event) => ({ ...event, version: 99 })) : history;
  },
});
