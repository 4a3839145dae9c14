import { expect, test } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { createInProcessScheduler } from '#adapters/system';
import { minuteMs } from '#domain';
import { createMetrics } from '#edge';
import { createConsumer, type EventStore, type JsonObject, type Sink } from '#events';
import { type Bench, benchStartsAt, createBench, roomFor } from '../../../../test/conformance/bench.ts';
import { freshStream, newEvent, newEvents } from '../../../../test/conformance/new-events.ts';
import { deadlines } from '../processes/deadlines.process.ts';
import { processSink } from '../processes/runner.ts';
import { withDwell } from './dwell.ts';
import { registerGauges } from './gauges.ts';
import { measuredStore } from './measured-store.ts';

const keepsNothing: Sink = { load: async () => null, apply: () => undefined, commit: () => undefined };

/** Gauges over one consumer of a store, at a moment of our choosing. */
const watching = (store: EventStore, at: number, sink: Sink = keepsNothing) => {
  const clock = { now: () => at, sleep: async () => undefined };
  const consumer = createConsumer({ name: 'slow', store, clock, sink, log: () => undefined });
  const metrics = createMetrics();
  registerGauges(metrics, {
    ...{ store, clock, consumers: () => [consumer], term: () => null },
    bus: { connectedSince: () => null },
    scheduler: createInProcessScheduler({ clock, fired: () => undefined }),
    readiness: { report: async () => ({ ready: false, parts: [], parked: 0 }) },
  });
  return { consumer, metrics };
};

const recordedAt = '2026-11-21T08:00:00.000Z';
const appended = async (count: number): Promise<EventStore> => {
  const store = createMemoryEventStore();
  for (let left = count; left > 0; left -= 50) {
    await store.append(freshStream(), newEvents(Math.min(left, 50)), 'no-stream');
  }
  return store;
};

test('given a consumer that is behind / when figures are read / then they say by how much and since when, and count no further than a page', async () => {
  const store = await appended(1_200);
  const { consumer, metrics } = watching(store, Date.parse(recordedAt) + 90_000);
  expect(await metrics.text()).toContain('hcc_consumer_lag_events{consumer="slow"} 1000');
  expect(await metrics.text()).toContain('hcc_consumer_lag_seconds{consumer="slow"} 90');
  await consumer.runOnce();
  expect(await metrics.text()).toContain('hcc_consumer_lag_events{consumer="slow"} 200');
  await consumer.runOnce();
  const text = await metrics.text();
  expect(text).toContain('hcc_consumer_lag_events{consumer="slow"} 0');
  expect(text).toContain('hcc_consumer_lag_seconds{consumer="slow"} 0');
});

test('given an event that cannot be handled / when figures are read / then it is counted as parked, with its age', async () => {
  const store = await appended(1);
  const refuses: Sink = {
    ...keepsNothing,
    apply: ({ type }) => {
      if (type === 'VmRequested') throw new Error('no');
    },
  };
  const { consumer, metrics } = watching(store, Date.parse(recordedAt), refuses);
  await consumer.runOnce();
  const text = await metrics.text();
  expect(text).toContain('hcc_parked_events{consumer="slow"} 1');
  expect(text).toContain('hcc_parked_oldest_seconds{consumer="slow"} 0');
  expect(text).toContain('hcc_lease_held 0');
});

test('given what was decided of placement / when it is appended / then it is counted by outcome and reason', async () => {
  const metrics = createMetrics();
  const store = measuredStore(createMemoryEventStore(), metrics);
  const append = (type: string, data: JsonObject) =>
    store.append(freshStream(), [newEvent({ type, data })], 'no-stream');
  await append('VmPlaced', {});
  await append('VmPlacementRejected', { code: 'capacity' });
  await append('VmPlacementFailed', { reasons: { capacity: 3, lost: 1 } });
  await append('VmPlacementFailed', { reasons: {} });
  await append('VmPlacementRejected', { code: 'Something 0190f9d6-5c5f else' });
  const text = await metrics.text();
  for (const line of [
    'outcome="placed",reason="none"} 1',
    'outcome="rejected",reason="capacity"} 1',
    'outcome="rejected",reason="other"} 1',
    'outcome="failed",reason="capacity"} 3',
    'outcome="failed",reason="lost"} 1',
    'outcome="failed",reason="no-miners"} 1',
  ]) {
    expect(text).toContain(`hcc_placements_total{${line}`);
  }
  await expect(store.append(freshStream(), [newEvent()], 3n)).rejects.toThrow();
  expect(await metrics.text()).toContain('hcc_event_append_seconds_count{outcome="conflict"} 1');
});

test('given a VM / when it goes from state to state / then each stay is told once, and none again by a new start', async () => {
  const bench = createBench();
  const told: (readonly [string, number])[] = [];
  const consumer = dwelling(bench, told);
  const accountId = await bench.account(50n);
  const minerId = await bench.miner(roomFor(1));
  await consumer.runOnce();
  bench.clock.pass(minuteMs / 2);
  await bench.placed(accountId, minerId);
  await consumer.runOnce();
  const states = told.map(([state]) => state);
  expect(states.slice(0, 2)).toEqual(['awaiting-admission', 'awaiting-placement']);
  expect(new Set(states).size).toBe(states.length);
  for (const [, ms] of told) expect(ms).toBe(0);
  expect(bench.clock.now() - benchStartsAt).toBe(minuteMs / 2);

  const vmId = (await bench.log()).find(({ type }) => type === 'VmRequested')?.stream.slice('vm-'.length);
  bench.clock.pass(7 * minuteMs);
  await bench.vm(vmId as Parameters<Bench['vm']>[0], { type: 'MarkVmLost', minerId, lastSeenAt: bench.clock.now() });
  const before = told.length;
  const restarted = dwelling(bench, told);
  await restarted.runOnce();
  expect(told.slice(before)).toEqual([[expect.any(String), 7 * minuteMs]]);
});

const dwelling = (bench: Bench, told: (readonly [string, number])[]) => {
  const sink = processSink(deadlines, bench, 'beginning');
  const counted = withDwell(sink, sink.state, (state, ms) => told.push([state, ms]));
  return createConsumer({ ...bench, name: deadlines.name, sink: counted, log: () => undefined });
};
