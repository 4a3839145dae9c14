import { randomUUID } from 'node:crypto';
import { jetstreamManager } from '@nats-io/jetstream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createMemoryCheckpoints, createMemoryEventStore } from '#adapters/memory';
import { createSystemClock } from '#adapters/system';
import { createRelay } from '#events';
import { newRecorded, newReport, newSpec, put } from '../../../../test/conformance/bus-messages.ts';
import { freshStream, newEvents } from '../../../../test/conformance/new-events.ts';
import { until } from '../../../../test/conformance/until.ts';
import { type NatsWorld, natsBinary, openNatsWorld } from '../../../../test/nats/nats-world.ts';

const binary = await natsBinary();

const openWorld = async (): Promise<NatsWorld> => {
  const world = await openNatsWorld(binary ?? '');
  onTestFinished(() => world.close());
  return world;
};

/** Message ids on EVENTS, in the order they are stored. */
const storedIds = async (world: NatsWorld): Promise<readonly string[]> => {
  const connection = await world.raw(await world.serviceIdentity('orchestrator'), '_INBOX_orchestrator');
  const jsm = await jetstreamManager(connection);
  const { state } = await jsm.streams.info('EVENTS');
  const ids: string[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    ids.push((await jsm.streams.getMessage('EVENTS', { seq }))?.header.get('Nats-Msg-Id') ?? 'none');
  }
  await connection.close();
  return ids;
};

describe.skipIf(binary === null)('a nats-server that dies (needs nats-server 2.10 or newer)', () => {
  test('an event published twice is stored once, also across a kill and restart', async () => {
    const world = await openWorld();
    const events = Array.from({ length: 20 }, () => newRecorded());
    await world.orchestrator.publishEvents(events);
    await world.crash();
    await world.orchestrator.publishEvents(events);
    await world.orchestrator.publishEvents(events);
    expect(await storedIds(world)).toEqual(events.map(({ eventId }) => eventId));
  });

  test('given a kill while events are published, then every acknowledged one is there, and each once', async () => {
    const world = await openWorld();
    const events = Array.from({ length: 3_000 }, () => newRecorded());
    const publishing = world.orchestrator.publishEvents(events);
    await world.crash();
    await publishing;
    const ids = await storedIds(world);
    expect(new Set(ids)).toEqual(new Set(events.map(({ eventId }) => eventId)));
    expect(ids).toHaveLength(events.length);
  });

  test('after a kill and restart both sides go on by themselves, and the time we did not listen is known', async () => {
    const world = await openWorld();
    const minerId = randomUUID();
    await world.orchestrator.resetWork(minerId);
    const [told, reported]: [bigint[], number[]] = [[], []];
    const beats: string[] = [];
    await world.orchestrator.onBeat((from) => beats.push(from));
    await world.orchestrator.onReport(async ({ sequence }) => {
      reported.push(sequence);
      return 'ack';
    });
    const miner = await world.miner(minerId);
    await miner.onSpec(async ({ specRevision }) => {
      told.push(specRevision);
      return 'ack';
    });
    const [spec, report] = [newSpec(), newReport()];
    await put(world.orchestrator, minerId, { ...spec, specRevision: 1n });
    await miner.report(report);
    await until('both heard the first', () => told.length === 1 && reported.length === 1);
    const connectedBefore = world.orchestrator.connectedSince();

    const crashed = world.crash();
    // Begun while nobody answers: they are kept and sent until the server is back.
    const sent = Promise.all([
      put(world.orchestrator, minerId, { ...spec, specRevision: 2n }),
      miner.report({ ...report, sequence: 2 }),
    ]);
    await crashed;
    await sent;
    await until('both heard the second', () => told.includes(2n) && reported.includes(2));
    expect(world.orchestrator.connectedSince()).toBeGreaterThan(connectedBefore ?? Number.POSITIVE_INFINITY);
    miner.beat();
    await until('a beat arrives', () => beats.length > 0);
  });

  test('what follows a report that was delivered and not acknowledged before a kill is heard', async () => {
    const world = await openWorld();
    const minerId = randomUUID();
    const tries: number[] = [];
    const stop = await world.orchestrator.onReport(async () => {
      tries.push(1);
      return { retryInMs: 60_000 };
    });
    const miner = await world.miner(minerId);
    const report = newReport();
    await miner.report(report);
    await until('the first try', () => tries.length === 1);
    await world.crash();
    await stop();
    const heard: number[] = [];
    await (await world.connectOrchestrator()).onReport(async ({ sequence }) => {
      heard.push(sequence);
      return 'ack';
    });
    await miner.report({ ...report, sequence: 2 });
    await until('the second is heard', () => heard.includes(2));
    // The first comes again, unless the second took its place on the bus before.
    expect([[2], [1, 2]]).toContainEqual(heard);
  });

  test('given a server that lost its store, then streams are made anew, and specs put again reach their miner', async () => {
    const world = await openWorld();
    const minerId = randomUUID();
    await world.orchestrator.onAsk('sync', async (asker) => {
      await world.orchestrator.resetWork(asker);
      return { ok: true, text: '' };
    });
    await world.orchestrator.resetWork(minerId);
    const told: string[] = [];
    await (await world.miner(minerId)).onSpec(async ({ vmId }) => {
      told.push(vmId);
      return 'ack';
    });
    const [lost, next] = [newSpec(), newSpec()];
    await put(world.orchestrator, minerId, lost);
    await until('it hears the first', () => told.length === 1);
    await world.crash({ loseStore: true });
    expect(await put(world.orchestrator, minerId, lost)).toBe('put');
    expect(await put(world.orchestrator, minerId, next)).toBe('put');
    // Its consumer is gone too. The miner notices that the heartbeats stopped, and asks.
    await until(
      'it hears both',
      () => told.filter((vmId) => vmId === lost.vmId).length === 2 && told.includes(next.vmId),
    );
  });
});

describe.skipIf(binary === null)('the relay on a real nats-server (needs nats-server 2.10 or newer)', () => {
  test('given a kill in the middle, then every event is published once; after a lost store all of them again, in order', async () => {
    const world = await openWorld();
    const clock = createSystemClock();
    const store = createMemoryEventStore({ storeId: randomUUID() });
    const checkpoints = createMemoryCheckpoints(store);
    const options = { store, checkpoints, clock, log: () => undefined, batchMax: 100 };
    const relay = createRelay({ ...options, bus: world.orchestrator });
    await relay.start();
    const stream = freshStream();
    const wanted: string[] = [];
    const append = async (count: number): Promise<void> => {
      const events = newEvents(count);
      await store.append(stream, events, wanted.length === 0 ? 'no-stream' : BigInt(wanted.length - 1));
      wanted.push(...events.map(({ eventId }) => eventId));
    };
    for (let batch = 0; batch < 15; batch += 1) await append(64);
    await until('some are published', () => relay.status().published > 0);
    const crashed = world.crash();
    for (let batch = 0; batch < 15; batch += 1) await append(64);
    await crashed;
    const head = await store.head();
    await until('all are published', () => relay.status().position === head);
    await relay.stop();
    const ids = await storedIds(world);
    expect(ids).toHaveLength(wanted.length);
    expect(new Set(ids)).toEqual(new Set(wanted));
    expect(await checkpoints.load('relay')).toBe(head);

    await world.crash({ loseStore: true });
    const again = createRelay({ ...options, bus: await world.connectOrchestrator() });
    expect(await again.runOnce()).toBe(0);
    expect(again.status().published).toBe(wanted.length);
    expect(await storedIds(world)).toEqual(wanted);
  });
});
