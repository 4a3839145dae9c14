import { describe, expect, test } from 'vitest';
import type { BootId, DesiredSpec, MinerId, VmEvent, VmId } from '#domain';
import { BusUnavailable, bootIdOf, createConsumer, type OrchestratorBus, streamName } from '#events';
import { type Bench, createBench, roomFor } from '../../../../test/conformance/bench.ts';
import { noon } from '../../../../test/domain/samples.ts';
import { backupId } from '../../../../test/domain/vm-backup-story.ts';
import { headerSha256, sealed } from '../../../../test/domain/vm-sealed-story.ts';
import { boot } from '../../../../test/domain/vm-story.ts';
import { backedUpVm } from '../../../../test/orchestrator/backed-up.ts';
import { teller } from '../../../../test/orchestrator/told.ts';
import { createSpecPublisher } from './spec-publisher.ts';

/** The last spec per subject, as the bus keeps it, and everything that was ever put or purged. */
const lastPerSubject = () => {
  const subjects = new Map<string, DesiredSpec>();
  const done: string[] = [];
  let isAway = false;
  let meanwhile = async (): Promise<void> => undefined;
  const bus: Pick<OrchestratorBus, 'putSpec' | 'purgeSpec'> = {
    putSpec: async (minerId, vmId, fold) => {
      if (isAway) throw new BusUnavailable('the bus is away');
      const subject = `${minerId}.${vmId}`;
      const known = subjects.get(subject);
      await meanwhile();
      const spec = await fold();
      if (spec === null) return 'not-wanted';
      if (known !== undefined && known.specRevision >= spec.specRevision) return 'not-older';
      subjects.set(subject, spec);
      done.push(`${spec.desired}@${spec.specRevision}`);
      return 'put';
    },
    purgeSpec: async (minerId, vmId) => {
      if (subjects.delete(`${minerId}.${vmId}`)) done.push('purged');
    },
  };
  const away = (is: boolean): void => {
    isAway = is;
  };
  /** What happens once, between a look at a subject and the fold of what is put there. */
  const standStill = (whatHappens: () => Promise<void>): void => {
    meanwhile = async () => {
      meanwhile = async () => undefined;
      await whatHappens();
    };
  };
  return { bus, done, subjects, away, standStill };
};

const given = async () => {
  const bench = createBench();
  const [accountId, minerId] = [await bench.account(50n), await bench.miner(roomFor(5))];
  const vmId = await bench.placed(accountId, minerId);
  const { store, checkpoints, snapshots, clock } = bench;
  const wire = lastPerSubject();
  const start = () => {
    const sink = createSpecPublisher({ store, checkpoints, snapshots, bus: wire.bus, access: () => null });
    return { sink, ...createConsumer({ name: 'spec-publisher', store, clock, sink, log: () => undefined }) };
  };
  const spec = () => wire.subjects.get(`${minerId}.${vmId}`);
  return { bench, accountId, minerId, vmId, wire, start, spec };
};

const end = async (bench: Bench, vmId: VmId, minerId: MinerId): Promise<void> => {
  await bench.vm(vmId, { type: 'TerminateVm' });
  await bench.observe(vmId, minerId, 1, { phase: 'absent' });
};

/** A guest on that miner has opened what was restored there. */
const openedOn = (minerId: MinerId): readonly VmEvent[] => {
  const at = { generation: 2, minerId };
  return [
    { type: 'VmStartRequested' },
    {
      ...{ type: 'BootAuthorized', generation: 2, bootEpoch: 2, bootId: boot(2), cause: 'owner-start' },
      ...{ authorizedAt: noon, deadlineAt: noon },
    },
    sealed.specified(2, { generation: 2 }),
    sealed.released(2, { ...at, mode: 'unlock', headerSha256 }),
    sealed.confirmed(2, 2, at),
  ];
};

describe('the spec publisher', () => {
  test('given a placed VM, then its whole desired spec is on the bus, with the revision of what last changed it', async () => {
    const { start, spec, vmId, bench } = await given();
    await start().runOnce();
    const types = await bench.types(`vm-${vmId}`);
    expect(spec()).toMatchObject({
      ...{ vmId, generation: 1, desired: 'running', boot: { bootEpoch: 1 }, name: 'web' },
      specRevision: BigInt(types.lastIndexOf('BootAuthorized')),
    });
  });

  test('given an owner who stops and starts, when only old events arrive, then what is put is the newest truth', async () => {
    const { start, spec, vmId, bench, wire } = await given();
    const publisher = start();
    await bench.vm(vmId, { type: 'StopVm', reason: 'owner' });
    await publisher.runOnce();
    expect(wire.done).toEqual([`stopped@${spec()?.specRevision}`]);
    const [first] = (await bench.log()).filter(({ type }) => type === 'VmPlaced');
    if (first !== undefined) await publisher.sink.apply(first);
    expect(spec()?.desired).toBe('stopped');
  });

  test('given a report changes what is observed, then no new spec is put', async () => {
    const { start, vmId, bench, wire, minerId, spec } = await given();
    const publisher = start();
    await publisher.runOnce();
    await bench.observe(vmId, minerId, 1, { phase: 'starting', bootId: spec()?.boot?.bootId ?? ('' as BootId) });
    await publisher.runOnce();
    expect(wire.done).toHaveLength(1);
  });

  test('given a VM to be removed, then absent is put, and once it is confirmed the subject is purged', async () => {
    const { start, vmId, bench, wire, minerId, spec } = await given();
    const publisher = start();
    await publisher.runOnce();
    await bench.vm(vmId, { type: 'TerminateVm' });
    await publisher.runOnce();
    expect(spec()?.desired).toBe('absent');
    await bench.observe(vmId, minerId, 1, { phase: 'absent' });
    await publisher.runOnce();
    expect(wire.done.at(-1)).toBe('purged');
    expect(spec()).toBeUndefined();
  });

  test('given it stands still after it looked at a subject, when the VM is over meanwhile, then nothing is put there', async () => {
    const { start, vmId, bench, wire, minerId, spec } = await given();
    wire.standStill(() => end(bench, vmId, minerId));
    await start().runOnce();
    expect(wire.done).toEqual([]);
    expect(spec()).toBeUndefined();
  });

  test('given a VM that is gone, when its whole history arrives again, then nothing stays on the bus', async () => {
    const { start, vmId, bench, minerId, spec } = await given();
    await end(bench, vmId, minerId);
    const publisher = start();
    await publisher.runOnce();
    for (const event of await bench.log()) await publisher.sink.apply(event);
    expect(spec()).toBeUndefined();
  });

  test('given the bus is away, then the event is not passed over, and it is put when the bus is back', async () => {
    const { start, wire, spec } = await given();
    const publisher = start();
    wire.away(true);
    await expect(publisher.runOnce()).rejects.toThrow(BusUnavailable);
    expect(publisher.status().position).toBeNull();
    wire.away(false);
    await publisher.runOnce();
    expect(spec()?.desired).toBe('running');
  });

  test('given a bus that lost everything, when specs are repaired after a restart, then each placed VM has its spec again', async () => {
    const { start, wire, spec, bench, accountId, minerId } = await given();
    const gone = await bench.placed(accountId, minerId);
    await end(bench, gone, minerId);
    await start().runOnce();
    wire.subjects.clear();
    const restarted = start();
    await restarted.runOnce();
    await restarted.sink.repair();
    expect(spec()?.desired).toBe('running');
    expect([...wire.subjects]).toHaveLength(1);
  });

  test('given a placed VM whose history this build cannot read any more, when specs are repaired, then the others have theirs again', async () => {
    const { start, wire, bench, vmId, accountId, minerId, spec } = await given();
    const other = await bench.placed(accountId, minerId);
    const publisher = start();
    await publisher.runOnce();
    const { length } = await bench.types(`vm-${vmId}`);
    const [, known] = await bench.log();
    const fromTheFuture = { ...(known ?? expect.fail()), eventId: bench.ids.uuid() as never, version: 99, data: {} };
    await bench.store.append(streamName('vm', vmId), [fromTheFuture], BigInt(length - 1));
    wire.subjects.clear();
    await publisher.sink.repair();
    expect(spec()).toBeUndefined();
    expect([...wire.subjects.keys()]).toEqual([`${minerId}.${other}`]);
  });

  test('given another VM whose history this build cannot read, when it starts, then the others have their specs', async () => {
    const { start, wire, bench, accountId, minerId } = await given();
    await start().runOnce();
    const unreadable = await bench.request(accountId);
    const [, unknown] = await bench.log();
    if (unknown === undefined) throw new Error('no event');
    const fromTheFuture = { ...unknown, eventId: bench.ids.uuid() as never, type: 'VmPlaced', version: 99, data: {} };
    await bench.store.append(streamName('vm', unreadable), [fromTheFuture], 0n);
    await start().runOnce();
    await bench.placed(accountId, minerId);
    const restarted = start();
    await restarted.runOnce();
    expect(wire.subjects.size).toBe(2);
    expect(restarted.parked().map(({ stream }) => stream)).toEqual([`vm-${unreadable}`]);
  });

  test('given a restore elsewhere, then the miner that had it stops at once, removes it once a guest opened the other, and is then forgotten', async () => {
    const { bench, wire, start, accountId, minerId } = await given();
    const other = await bench.miner(roomFor(5));
    const vmId = bench.ids.uuid() as VmId;
    const tell = teller(bench.store);
    const publisher = start();
    const said = async (miner: MinerId) => {
      await publisher.runOnce();
      const spec = wire.subjects.get(`${miner}.${vmId}`);
      return spec === undefined ? null : `${spec.desired} in ${spec.generation}`;
    };
    await tell.vm(vmId, ...backedUpVm({ vmId, accountId, minerId }));
    expect(await said(minerId)).toBe('stopped in 1');
    const manifestSha256 = 'a'.repeat(64);
    const restore = { type: 'RestoreVm', backupId: backupId(), minerId: other } as const;
    await bench.vm(vmId, restore);
    await bench.vm(vmId, { type: 'ConfirmPlacement', minerId: other, generation: 2, nextBootId: bootIdOf('x') });
    expect([await said(minerId), await said(other)]).toEqual(['stopped in 1', 'stopped in 2']);
    expect(wire.subjects.get(`${other}.${vmId}`)).toMatchObject({ restore: { manifestSha256, generation: 2 } });
    await tell.vm(vmId, ...openedOn(other));
    expect([await said(minerId), await said(other)]).toEqual(['absent in 1', 'running in 2']);
    await bench.observe(vmId, minerId, 9, { phase: 'absent' });
    expect([await said(minerId), await said(other)]).toEqual([null, 'running in 2']);
  });
});
