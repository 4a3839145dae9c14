import { expect, onTestFinished, test } from 'vitest';
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
  const before = idsOf(bus.published());
  bus.wipe();
  await append(1);
  const again = createRelay({ ...options, checkpoint: 'from-start' });
  expect(await again.runOnce()).toBe(1);
  expect(idsOf(bus.published())).not.toContain(before[0]);
});

test('the checkpoint moves only after every event of the batch is acknowledged', async () => {
  const { checkpoints, options, append } = setScene();
  const published: string[] = [];
  let answer: () => void = () => undefined;
  const relay = createRelay({
    ...options,
    batchMax: 2,
    bus: {
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

test('a bus that lost everything is filled again from any position, and the checkpoint stays where it is', async () => {
  const { store, checkpoints, bus, options, append } = setScene();
  const relay = createRelay({ ...options, batchMax: 4 });
  await relay.runOnce();
  await append(5);
  const { position } = await append(5);
  await append(3);
  for (let seen = 1; seen > 0; ) seen = await relay.runOnce();
  const all = idsOf(bus.published());
  const head = await store.head();
  bus.wipe();
  expect(await relay.republishFrom(position)).toBe(3);
  expect(idsOf(bus.published())).toEqual(all.slice(10));
  expect(await relay.republishFrom(null)).toBe(13);
  expect(new Set(idsOf(bus.published()))).toEqual(new Set(all));
  expect(await relay.republishFrom(head)).toBe(0);
  expect(await checkpoints.load('relay')).toBe(head);
});
