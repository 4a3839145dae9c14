import { describe, expect, onTestFinished, test } from 'vitest';
import { createManualClock, createMemoryBus, createMemoryCheckpoints, createMemoryEventStore } from '#adapters/memory';
import { BusUnavailable, createRelay, type RecordedEvent, RelayNotPlaced, type RelayOptions } from '#events';
import { freshStream, newEvents } from '../../../test/conformance/new-events.ts';
import { until } from '../../../test/conformance/until.ts';

const setScene = () => {
  const clock = createManualClock(0);
  const store = createMemoryEventStore({ storeId: 'relayed' });
  const checkpoints = createMemoryCheckpoints(store);
  const bus = createMemoryBus({ clock });
  const options: RelayOptions = { store, checkpoints, clock, bus: bus.orchestrator, log: () => undefined };
  const append = (count: number) => store.append(freshStream(), newEvents(count), 'no-stream');
  return { clock, store, checkpoints, bus, options, append };
};

const idsOf = (events: readonly RecordedEvent[]): readonly string[] => events.map(({ eventId }) => eventId);

test('given an empty store and no checkpoint, then it starts by itself, from the beginning', async () => {
  const { store, checkpoints, bus, options, append } = setScene();
  const relay = createRelay(options);
  expect(await relay.runOnce()).toBe(0);
  expect(await checkpoints.load('relay')).toBeNull();
  await append(3);
  expect(await relay.runOnce()).toBe(3);
  expect(bus.published()).toHaveLength(3);
  expect(await checkpoints.load('relay')).toBe(await store.head());
});

test('given events and no checkpoint, then it refuses until told to publish all of them', async () => {
  const { checkpoints, bus, options, append } = setScene();
  await append(2);
  await expect(createRelay(options).start()).rejects.toThrow(RelayNotPlaced);
  await expect(createRelay(options).runOnce()).rejects.toThrow(/checkpoint "from-start"/);
  expect(await checkpoints.load('relay')).toBe('none');
  const told = createRelay({ ...options, checkpoint: 'from-start' });
  expect(await told.runOnce()).toBe(2);
  expect(bus.published()).toHaveLength(2);
});

test('given a checkpoint, then it goes on after it, whatever it was told to do without one', async () => {
  const { bus, options, append } = setScene();
  await createRelay(options).runOnce();
  await append(2);
  await createRelay(options).runOnce();
  await append(1);
  const again = createRelay({ ...options, checkpoint: 'from-start' });
  expect(await again.runOnce()).toBe(1);
  expect(again.status().published).toBe(1);
  expect(bus.published()).toHaveLength(3);
});

test('the checkpoint moves only after every event of the batch is acknowledged', async () => {
  const { clock, checkpoints, options, append } = setScene();
  const published: string[] = [];
  let answer: () => void = () => undefined;
  const relay = createRelay({
    ...options,
    batchMax: 2,
    bus: {
      connectedSince: () => clock.now(),
      published: async () => null,
      publishEvents: async (events) => {
        published.push(...idsOf(events));
        if (published.length === 2) throw new BusUnavailable('the second acknowledgement is missing');
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
      },
    },
  });
  await relay.runOnce();
  await append(3);
  await expect(relay.runOnce()).rejects.toThrow(BusUnavailable);
  expect(await checkpoints.load('relay')).toBeNull();
  const running = relay.runOnce();
  await until('the batch is handed over again', () => published.length === 4);
  expect(published.slice(2)).toEqual(published.slice(0, 2));
  expect(await checkpoints.load('relay')).toBeNull();
  answer();
  await running;
  expect(await checkpoints.load('relay')).not.toBeNull();
});

test('running, it publishes what is appended, waits for a lost bus without losing anything, and ends when stopped', async () => {
  const { clock, store, bus, options, append } = setScene();
  const relay = createRelay({ ...options, batchMax: 10 });
  await relay.start();
  onTestFinished(relay.stop);
  await append(25);
  await until('the first are published', () => bus.published().length === 25);
  bus.cut('orchestrator');
  await append(5);
  await until('it says why it stands still', () => relay.status().stalled !== null);
  expect(relay.status()).toMatchObject({ caughtUp: false });
  bus.heal('orchestrator');
  await until(
    'the rest is published',
    () => bus.published().length === 30,
    () => clock.advance(10_000),
  );
  await until('its checkpoint is at the end', async () => relay.status().position === (await store.head()));
  expect(relay.status()).toMatchObject({ caughtUp: true, stalled: null });
  await relay.stop();
  await append(1);
  expect(bus.published()).toHaveLength(30);
});

describe('a bus that lost what it had acknowledged', () => {
  /** A relay that has published 13 events in order, all of their ids, and the position of the tenth. */
  const published = async () => {
    const scene = setScene();
    const relay = createRelay({ ...scene.options, batchMax: 4 });
    await relay.runOnce();
    const positions = [];
    for (let n = 0; n < 13; n += 1) positions.push((await scene.append(1)).position);
    for (let seen = 1; seen > 0; ) seen = await relay.runOnce();
    return { ...scene, relay, positions, all: idsOf(scene.bus.published()) };
  };

  test('given everything lost, then a look fills it again, in order, and the checkpoint stays', async () => {
    const { store, checkpoints, bus, relay, all } = await published();
    bus.wipe();
    expect(await relay.refill()).toBe(13);
    expect(idsOf(bus.published())).toEqual(all);
    expect(await relay.refill()).toBe(0);
    expect(await checkpoints.load('relay')).toBe(await store.head());
  });

  test('given a tail lost, then only the tail is published again', async () => {
    const { bus, relay, store, all } = await published();
    bus.wipe();
    const { events } = await store.readAll({ limit: 10 });
    await bus.orchestrator.publishEvents(events);
    expect(await relay.refill()).toBe(3);
    expect(idsOf(bus.published())).toEqual(all);
  });

  test('given everything lost but one that was on its way, then all of it is published again', async () => {
    const { bus, relay, store, all } = await published();
    bus.wipe();
    const { events } = await store.readAll();
    await bus.orchestrator.publishEvents(events.slice(-1));
    expect(await relay.refill()).toBe(13);
    expect(new Set(idsOf(bus.published()))).toEqual(new Set(all));
  });

  test('given a relay that starts over it, then the first step fills it, before anything new', async () => {
    const { bus, options, append, all } = await published();
    bus.wipe();
    await append(1);
    expect(await createRelay(options).runOnce()).toBe(1);
    expect(idsOf(bus.published()).slice(0, 13)).toEqual(all);
    expect(bus.published()).toHaveLength(14);
  });
});
