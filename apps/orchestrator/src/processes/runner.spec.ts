import { describe, expect, test } from 'vitest';
import { createMemoryCheckpoints, createMemoryFoldSnapshots } from '#adapters/memory';
import type { VmId } from '#domain';
import { createConsumer, type EventStore, eventIdOf, handleParked, readWholeStream, streamName } from '#events';
import { type Bench, createBench, roomFor } from '../../../../test/conformance/bench.ts';
import { seenAs } from '../../../../test/conformance/seen-as.ts';
import type { Process } from './process.ts';
import { CheckpointMissing, processSink, type StartAt } from './runner.ts';
import { vmAdmission } from './vm-admission.process.ts';
import { vmPlacement } from './vm-placement.process.ts';

const admission = (bench: Bench, startAt: StartAt) => {
  const { store, clock } = bench;
  const sink = processSink(vmAdmission, bench, startAt);
  return createConsumer({ name: vmAdmission.name, store, clock, sink, log: () => undefined });
};
const drain = async (consumer: ReturnType<typeof admission>): Promise<void> => {
  while ((await consumer.runOnce()) > 0);
};

describe('starting a process', () => {
  test('given history and no checkpoint, then it refuses and names what a person may set', async () => {
    const bench = createBench();
    await bench.account(20n);
    const start = admission(bench, 'checkpoint').start();
    await expect(start).rejects.toThrow(CheckpointMissing);
    await expect(start).rejects.toThrow(/vm-admission has no checkpoint.*HCC_RECONCILE=1/);
  });

  test('given an empty store, then it begins, and from then on has a checkpoint', async () => {
    const bench = createBench();
    await admission(bench, 'checkpoint').runOnce();
    await bench.request(await bench.account(20n));
    await drain(admission(bench, 'checkpoint'));
    expect((await bench.log()).at(-1)?.type).toBe('VmAdmitted');
  });

  test('given it begins at the beginning although all was done, then nothing is done twice', async () => {
    const bench = createBench();
    await bench.request(await bench.account(20n));
    await drain(admission(bench, 'beginning'));
    const { length } = await bench.log();
    await drain(admission({ ...bench, checkpoints: createMemoryCheckpoints(bench.store) }, 'beginning'));
    expect(await bench.log()).toHaveLength(length);
  });
});

describe('an event that this build cannot read', () => {
  test("given one on a VM's stream, then it is parked by name, and the account's other VMs are admitted", async () => {
    const bench = createBench();
    const accountId = await bench.account(50n);
    const bad = await fromTheFuture(bench, await bench.request(accountId));
    const good = await bench.request(accountId);
    await drain(admission(bench, 'beginning'));
    expect(await bench.types(`vm-${good}`)).toContain('VmAdmitted');
    const unread = `VmTeleported version 1 at ${bad}@1: this build knows no such event type`;
    const parked = await readWholeStream(bench.store, streamName('parked', vmAdmission.name));
    expect(parked.map(({ data }) => data)).toMatchObject([
      { stream: bad, blocks: true, reason: unread },
      { eventType: 'CreditsHeld', blocks: false, reason: `the command for ${bad} cannot be given: ${unread}` },
    ]);
    const later = await bench.request(accountId);
    const restarted = admission(bench, 'checkpoint');
    await drain(restarted);
    expect(await bench.types(`vm-${later}`)).toContain('VmAdmitted');
    expect(restarted.parked()).toHaveLength(2);
  });

  test('given a newer build that reads it, when it starts, then what was owed is given and nothing stays parked', async () => {
    const bench = createBench();
    const vmId = await bench.request(await bench.account(50n));
    await fromTheFuture(bench, vmId);
    await drain(admission(bench, 'beginning'));
    expect(await bench.types(`vm-${vmId}`)).not.toContain('VmAdmitted');
    const newer = admission({ ...bench, store: readable(bench.store) }, 'checkpoint');
    await drain(newer);
    expect((await bench.types(`vm-${vmId}`)).at(-1)).toBe('VmAdmitted');
    expect(newer.parked()).toEqual([]);
  });
});

describe('a past that this build cannot read', () => {
  test('given a newer build that handled it, when an older one goes on from there, then what follows on that stream waits for a newer one', async () => {
    const bench = createBench();
    const vmId = await bench.request(await bench.account(50n));
    await fromTheFuture(bench, vmId);
    const own = createMemoryFoldSnapshots({ everyEvents: 1 });
    const newer = admission({ ...bench, store: readable(bench.store), snapshots: own }, 'beginning');
    await drain(newer);
    const stream = streamName('vm', vmId);
    const [first, ...rest] = await readWholeStream(bench.store, stream);
    if (first === undefined) throw new Error('no event');
    const readableNext = { ...first, eventId: eventIdOf('next', 0), type: 'VmRebootRequested', data: {} };
    await bench.store.append(stream, [readableNext], BigInt(rest.length));
    const older = admission(bench, 'checkpoint');
    await drain(older);
    expect(older.parked()).toMatchObject([{ stream, revision: BigInt(rest.length + 1), blocks: true }]);
    const again = admission({ ...bench, store: readable(bench.store) }, 'checkpoint');
    await drain(again);
    expect(again.parked()).toEqual([]);
  });
});

describe('a command that is owed', () => {
  test('given a build that cannot read what it depends on, when it tries again, then it fails by name and is not settled', async () => {
    const bench = createBench();
    const minerId = await bench.miner(roomFor(1));
    const vmId = await bench.request(await bench.account(50n));
    await drain(admission(bench, 'beginning'));
    await bench.vm(vmId, { type: 'ProposePlacement', minerId, snapshotPosition: 'memory.1' });
    const log = await bench.log();
    const proposed = log.at(-1) ?? expect.fail('an empty log');
    const life = async (store: EventStore) => {
      const sink = processSink(vmPlacement, { ...bench, store }, 'beginning');
      await sink.restore?.(proposed.position, { counts: () => true, without: null });
      return sink;
    };
    const older = await life(seenAs(bench.store, 'VmRequested', { version: 1_000 }));
    expect(() => older.retry?.(proposed)).toThrow(/VmPlacementProposed .* cannot read what came before it/);
    expect(await bench.log()).toHaveLength(log.length);
    await (await life(bench.store)).retry?.(proposed);
    expect((await bench.types(`miner-${minerId}`)).at(-1)).toBe('AllocationReserved');
  });
});

describe('an event that somebody skips', () => {
  const name = 'counter';

  /** Counts what it knows of each stream, and fails on one VM's request. */
  const counter = (bench: Bench, bad: string, startAt: StartAt) => {
    const process: Process<Map<string, number>> = {
      name,
      initial: () => new Map(),
      absorb: (state, { recorded: { stream } }) => state.set(stream, (state.get(stream) ?? 0) + 1),
      react: (_state, { recorded }) => {
        if (recorded.stream === bad && recorded.revision === 0n) throw new TypeError('x is undefined');
        return [];
      },
    };
    const { store, clock } = bench;
    const sink = processSink(process, bench, startAt);
    const quick = { now: clock.now, sleep: async () => undefined };
    return { state: sink.state, ...createConsumer({ name, store, clock: quick, sink, log: () => undefined }) };
  };
  const known = ({ state }: ReturnType<typeof counter>) => [...state()].filter(([stream]) => stream.startsWith('vm-'));

  test('then the running process, its next life and one that begins at the beginning know the same, without that event', async () => {
    const bench = createBench();
    const { store, clock } = bench;
    const bad = streamName('vm', await bench.request(await bench.account(50n)));
    await drain(admission(bench, 'beginning'));
    const running = counter(bench, bad, 'beginning');
    while ((await running.runOnce()) > 0);
    const [parked] = running.parked();
    expect(parked).toMatchObject({ stream: bad, revision: 0n, blocks: true });
    const eventId = parked?.eventId ?? expect.fail('nothing parked');
    const meta = {
      commandId: 'skip',
      actor: 'operator:o',
      correlationId: 'c',
      causationId: 'c',
      traceparent: null,
    } as const;
    await handleParked(bench, name, { type: 'SkipParkedEvent', eventId, reason: 'a bug', now: clock.now() }, meta);
    while ((await running.runOnce()) > 0);
    expect(running.parked()).toEqual([]);
    const { length } = await store.readStream(bad);
    expect(known(running)).toEqual([[bad, length - 1]]);
    const next = counter(bench, bad, 'checkpoint');
    while ((await next.runOnce()) > 0);
    const fresh = counter({ ...bench, checkpoints: createMemoryCheckpoints(store) }, bad, 'beginning');
    while ((await fresh.runOnce()) > 0);
    expect([known(next), known(fresh)]).toEqual([known(running), known(running)]);
  });
});

/** The log as a build reads it to which a teleported VM is one that was rebooted. */
const readable = (store: EventStore): EventStore =>
  seenAs(store, 'VmTeleported', { type: 'VmRebootRequested', data: {} });

const fromTheFuture = async (bench: Bench, vmId: VmId) => {
  const stream = streamName('vm', vmId);
  const [first] = await readWholeStream(bench.store, stream);
  if (first === undefined) throw new Error('no event');
  await bench.store.append(stream, [{ ...first, eventId: eventIdOf('future', 0), type: 'VmTeleported' }], 0n);
  return stream;
};
