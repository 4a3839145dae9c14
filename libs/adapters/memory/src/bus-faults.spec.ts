import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { type BusFaults, createManualClock, createMemoryBus } from '#adapters/memory';
import { BusUnavailable } from '#events';
import { newRecorded, newReport, newSpec, put } from '../../../../test/conformance/bus-messages.ts';

/** Numbers from a seed, the same in every run. */
const seeded = (seed: number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

const scene = (rates: Omit<BusFaults, 'next'>, seed = 1) => {
  const clock = createManualClock(0);
  const bus = createMemoryBus({ clock, faults: { next: seeded(seed), ...rates } });
  return { clock, bus };
};

/** Puts a VM's revisions while a miner listens; what it heard. */
const heardBy = async (rates: Omit<BusFaults, 'next'>, seed: number): Promise<readonly bigint[]> => {
  const { clock, bus } = scene(rates, seed);
  const minerId = '11111111-2222-4333-8444-555555555555';
  const heard: bigint[] = [];
  await bus.miner(minerId).onSpec(async ({ specRevision }) => {
    heard.push(specRevision);
    return 'ack';
  });
  const spec = newSpec({ vmId: '22222222-2222-4333-8444-555555555555' });
  for (let revision = 1n; revision <= 40n; revision += 1n) {
    await put(bus.orchestrator, minerId, { ...spec, specRevision: revision });
    if (revision % 3n === 0n) await bus.deliver();
    await clock.advance(5);
  }
  for (let due = bus.nextDueAt(); due !== null; due = bus.nextDueAt()) {
    await clock.advance(Math.max(0, due - clock.now()));
    await bus.deliver();
  }
  return heard;
};

test('the same seed gives the same losses, repeats and orders; another seed gives others', async () => {
  const rates = { loseRate: 0.2, duplicateRate: 0.2, reorderRate: 0.3, delayRate: 0.3, delayMsMax: 50 };
  const first = await heardBy(rates, 7);
  expect(await heardBy(rates, 7)).toEqual(first);
  expect(await heardBy(rates, 8)).not.toEqual(first);
  expect(first).not.toEqual([...first].sort((a, b) => Number(a - b)));
  expect(new Set(first).size).toBeLessThan(first.length);
});

test('a delivery that is lost comes again when nobody acknowledged it, as on NATS', async () => {
  const { clock, bus } = scene({ loseRate: 1 });
  const minerId = randomUUID();
  const heard: string[] = [];
  await bus.miner(minerId).onSpec(async ({ vmId }) => {
    heard.push(vmId);
    return 'ack';
  });
  await put(bus.orchestrator, minerId, newSpec());
  expect(await bus.deliver()).toBe(0);
  expect(heard).toEqual([]);
  expect(bus.nextDueAt()).toBe(10_000);
  await clock.advance(10_000);
  expect(await bus.deliver()).toBe(1);
  expect(heard).toHaveLength(1);
});

test('of two orchestrators each message is taken by one, and by the other when the first is cut off or closed', async () => {
  const { bus } = scene({});
  const miner = bus.miner(randomUUID());
  const replicas = ['one', 'two'].map((who) => ({ who, bus: bus.connectOrchestrator({ who }), heard: 0, beats: 0 }));
  for (const replica of replicas) {
    await replica.bus.onReport(async () => {
      replica.heard += 1;
      return 'ack';
    });
    await replica.bus.onBeat(() => {
      replica.beats += 1;
    });
  }
  const say = async () => {
    for (let count = 0; count < 40; count += 1) {
      await miner.report(newReport());
      miner.beat();
      await bus.deliver();
    }
    return replicas.map(({ heard, beats }) => [heard, beats]);
  };
  const [[firstHeard = 0, firstBeats = 0] = [], [secondHeard = 0, secondBeats = 0] = []] = await say();
  expect([firstHeard + secondHeard, firstBeats + secondBeats]).toEqual([40, 40]);
  expect(Math.min(firstHeard, secondHeard, firstBeats, secondBeats)).toBeGreaterThan(0);
  bus.cut('one');
  expect(await say()).toEqual([
    [firstHeard, firstBeats],
    [secondHeard + 40, secondBeats + 40],
  ]);
  bus.heal('one');
  await replicas[1]?.bus.close();
  expect(await say()).toEqual([
    [firstHeard + 40, firstBeats + 40],
    [secondHeard + 40, secondBeats + 40],
  ]);
});

test('a publish of a batch that fails has stored a first part of it, in order', async () => {
  const { bus } = scene({ failRate: 1 }, 5);
  const events = Array.from({ length: 50 }, () => newRecorded());
  await expect(bus.orchestrator.publishEvents(events)).rejects.toThrow(BusUnavailable);
  const stored = bus.published();
  expect(stored).toEqual(events.slice(0, stored.length));
  expect(stored.length).toBeGreaterThan(0);
  expect(stored.length).toBeLessThan(50);
});

test('a publish that fails may have been carried out: both happen', async () => {
  const { bus } = scene({ failRate: 1 });
  const miner = bus.miner(randomUUID());
  let heard = 0;
  await bus.orchestrator.onReport(async () => {
    heard += 1;
    return 'ack';
  });
  for (let count = 0; count < 40; count += 1) await expect(miner.report(newReport())).rejects.toThrow(BusUnavailable);
  await bus.deliver();
  expect(heard).toBeGreaterThan(5);
  expect(heard).toBeLessThan(35);
});

test('somebody who is cut off is sent to later, says nothing, and is asked in vain', async () => {
  const { bus } = scene({});
  const minerId = randomUUID();
  const miner = bus.miner(minerId);
  const heard: string[] = [];
  const beats: string[] = [];
  await bus.orchestrator.onBeat((from) => beats.push(from));
  await miner.onSpec(async ({ vmId }) => {
    heard.push(vmId);
    return 'ack';
  });
  const fails = async () => {
    throw new Error('no counters');
  };
  await miner.onCalls({ console: async () => ({ text: 'login:', start: 0, end: 6 }), metrics: fails, backup: fails });
  const call = { vmId: randomUUID(), bytesMax: 10, after: null };
  bus.cut(minerId);
  await put(bus.orchestrator, minerId, newSpec());
  miner.beat();
  await expect(miner.report(newReport())).rejects.toThrow(BusUnavailable);
  await expect(bus.orchestrator.askConsole(minerId, call)).rejects.toThrow(BusUnavailable);
  await bus.deliver();
  expect([heard, beats]).toEqual([[], []]);
  bus.heal(minerId);
  await bus.deliver();
  expect(heard).toHaveLength(1);
  expect(await bus.orchestrator.askConsole(minerId, call)).toEqual({ text: 'login:', start: 0, end: 6 });
});

test('an orchestrator that is cut off knows that it does not listen', async () => {
  const { clock, bus } = scene({});
  await clock.advance(500);
  expect(bus.orchestrator.connectedSince()).toBe(0);
  bus.cut('orchestrator');
  expect(bus.orchestrator.connectedSince()).toBeNull();
  await clock.advance(500);
  bus.heal('orchestrator');
  expect(bus.orchestrator.connectedSince()).toBe(1_000);
});
