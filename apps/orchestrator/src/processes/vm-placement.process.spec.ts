import { describe, expect, test } from 'vitest';
import type { HoldId, MinerId, VmId } from '#domain';
import { type Bench, createBench, hostFacts, roomFor } from '../../../../test/conformance/bench.ts';
import { describeProcess, runProcess, type Story } from '../../../../test/conformance/process.ts';
import { nano } from '../../../../test/domain/samples.ts';
import { backupId } from '../../../../test/domain/vm-backup-story.ts';
import { backedUpVm } from '../../../../test/orchestrator/backed-up.ts';
import { teller } from '../../../../test/orchestrator/told.ts';
import { vmPlacement } from './vm-placement.process.ts';

const admitted = async (bench: Bench, flavorId = 'nano'): Promise<VmId> => {
  const vmId = await bench.request(await bench.account(100n), flavorId);
  await bench.vm(vmId, { type: 'AdmitVm', holdId: bench.ids.uuid() as HoldId });
  return vmId;
};

const place: Story = async (bench, run) => {
  await bench.miner(roomFor(1));
  await admitted(bench);
  await run();
};
const refusedThenElsewhere: Story = async (bench, run) => {
  // Both fit over the snapshot; one miner has room for one, and its own stream refuses the second.
  await bench.miner(roomFor(2));
  await bench.miner(roomFor(1, 'micro'));
  await admitted(bench);
  await admitted(bench);
  await admitted(bench);
  await run();
};
const noFitThenCapacity: Story = async (bench, run) => {
  const minerId = await bench.miner(roomFor(1));
  await admitted(bench, 'small');
  await run();
  await bench.onMiner(minerId, { type: 'DeclareCapacity', capacity: roomFor(1, 'small') });
  await run();
};
const drainedThenUndrained: Story = async (bench, run) => {
  const minerId = await bench.miner(roomFor(1));
  await bench.onMiner(minerId, { type: 'DrainMiner', reason: 'new disks', deadlineAt: null });
  await admitted(bench);
  await run();
  await bench.onMiner(minerId, { type: 'UndrainMiner' });
  await run();
};
const trust = (tier: 'contraindicated' | 'affirming', bench: Bench, n: 1 | 2) => {
  const appraisalId = `00000000-0000-4000-8000-00000000000${n}`;
  return { type: 'NoteTrust', tier, appraisalId, appraisedAt: bench.clock.now() + n } as const;
};
const distrustedThenTrusted: Story = async (bench, run) => {
  const minerId = await bench.miner(roomFor(1));
  await bench.onMiner(minerId, trust('contraindicated', bench, 1));
  await admitted(bench);
  await run();
  await bench.onMiner(minerId, trust('affirming', bench, 2));
  await run();
};
const declined: Story = async (bench, run) => {
  const minerId = await bench.miner(roomFor(1));
  const vmId = await admitted(bench);
  await bench.vm(vmId, { type: 'ProposePlacement', minerId, snapshotPosition: 'memory.1' });
  await bench.vm(vmId, { type: 'TerminateVm' });
  await run();
};
const released: Story = async (bench, run) => {
  const minerId = await bench.miner(roomFor(1));
  const [first] = [await admitted(bench), await admitted(bench)];
  await run();
  await bench.vm(first, { type: 'TerminateVm' });
  await bench.observe(first, minerId, 1, { phase: 'absent' });
  await run();
};

/** A stopped VM with a backup on a miner that has set its room aside, restored onto one with or without room. */
const restore =
  (onto: 'here' | 'elsewhere' | 'no room' | 'distrusted' | 'nobody'): Story =>
  async (bench, run) => {
    const minerId = await bench.miner(roomFor(1));
    const other = await bench.miner(onto === 'no room' ? { ...roomFor(1), memoryBytes: 1 } : roomFor(1));
    const [vmId, accountId] = [bench.ids.uuid() as VmId, await bench.account(10n)];
    await teller(bench.store).vm(vmId, ...backedUpVm({ vmId, accountId, minerId }));
    await bench.onMiner(minerId, { type: 'ReserveAllocation', vmId, generation: 1, size: nano });
    if (onto === 'distrusted') await bench.onMiner(other, trust('contraindicated', bench, 1));
    await run();
    const target = onto === 'here' ? minerId : onto === 'nobody' ? (bench.ids.uuid() as MinerId) : other;
    await bench.vm(vmId, { type: 'RestoreVm', backupId: backupId(), minerId: target });
    await run();
    await bench.observe(vmId, minerId, 9, { phase: 'absent' }).catch(() => undefined);
    await run();
  };

describeProcess(vmPlacement, {
  'restored where it was': restore('here'),
  'restored elsewhere': restore('elsewhere'),
  'not restored': restore('no room'),
  'not restored onto a distrusted miner': restore('distrusted'),
  'restored onto nobody': restore('nobody'),
  place,
  'a reservation refused': refusedThenElsewhere,
  'no fit, then capacity': noFitThenCapacity,
  'drained, then undrained': drainedThenUndrained,
  'distrusted, then trusted': distrustedThenTrusted,
  'terminated while reserving': declined,
  'terminated when placed': released,
});

describe('placement', () => {
  const told = async (story: Story) => {
    const bench = createBench();
    await story(bench, () => runProcess(vmPlacement, bench));
    const log = await bench.log();
    const of = (category: string) =>
      [...new Set(log.map(({ stream }) => stream))].filter((s) => s.startsWith(category));
    return { bench, log, vms: of('vm-'), miners: of('miner-') };
  };

  test('given room, when a VM is admitted, then it is proposed, reserved, placed and given its first boot', async () => {
    const { bench, vms, miners } = await told(place);
    expect((await bench.types(vms[0] ?? '')).slice(2)).toEqual(['VmPlacementProposed', 'VmPlaced', 'BootAuthorized']);
    expect((await bench.types(miners[0] ?? '')).at(-1)).toBe('AllocationReserved');
  });

  test('given a reservation refused by the miner itself, then another miner is asked and nobody is over capacity', async () => {
    const { log } = await told(refusedThenElsewhere);
    const refused = log.filter(({ type }) => type === 'AllocationRefused');
    expect(refused.length).toBeGreaterThan(0);
    expect(log.filter(({ type }) => type === 'VmPlaced')).toHaveLength(3);
  });

  test('given nobody fits, then the reasons are told once, and new capacity places the VM', async () => {
    const bench = createBench();
    const minerId = await bench.miner(roomFor(1));
    const vmId = await admitted(bench, 'small');
    await runProcess(vmPlacement, bench);
    await bench.onMiner(minerId, { type: 'AttachMiner', ...hostFacts, agentEpoch: 2 });
    await runProcess(vmPlacement, bench);
    const failures = (await bench.log()).filter(({ type }) => type === 'VmPlacementFailed');
    expect(failures.map(({ data }) => data.reasons)).toEqual([{ memory: 1 }]);
    await bench.onMiner(minerId, { type: 'DeclareCapacity', capacity: roomFor(1, 'small') });
    await runProcess(vmPlacement, bench);
    expect(await bench.types(`vm-${vmId}`)).toContain('VmPlaced');
  });

  test('given a miner that refused a VM, when nothing of it changed, then it is not asked again until something does', async () => {
    const bench = createBench();
    const minerId = await bench.miner(roomFor(1));
    const vmId = await admitted(bench);
    await bench.vm(vmId, { type: 'ProposePlacement', minerId, snapshotPosition: 'memory.1' });
    await bench.onMiner(minerId, { type: 'DeclareCapacity', capacity: { ...roomFor(1), memoryBytes: 1 } });
    await runProcess(vmPlacement, bench);
    expect((await bench.types(`vm-${vmId}`)).slice(-2)).toEqual(['VmPlacementRejected', 'VmPlacementFailed']);
    await bench.onMiner(minerId, { type: 'DeclareCapacity', capacity: roomFor(1) });
    await runProcess(vmPlacement, bench);
    expect(await bench.types(`vm-${vmId}`)).toContain('VmPlaced');
  });

  test('given a VM terminated while it was reserved, then the miner declines for it and the room is free again', async () => {
    const { bench, vms, miners } = await told(declined);
    expect(await bench.types(vms[0] ?? '')).toContain('VmPlacementDeclined');
    expect((await bench.types(miners[0] ?? '')).slice(-2)).toEqual(['AllocationReserved', 'AllocationReleased']);
  });

  test('given a full miner, when its VM is gone, then the room goes to the one that waits', async () => {
    const { bench, vms } = await told(released);
    expect((await bench.types(vms[0] ?? '')).at(-1)).toBe('VmTerminated');
    expect(await bench.types(vms[1] ?? '')).toEqual(expect.arrayContaining(['VmPlacementFailed', 'VmPlaced']));
  });

  test('given a draining miner, then a VM waits and its failure says so, and undraining places it', async () => {
    const { log, vms, bench } = await told(drainedThenUndrained);
    const failures = log.filter(({ type }) => type === 'VmPlacementFailed');
    expect(failures.map(({ data }) => data.reasons)).toEqual([{ draining: 1 }]);
    expect(await bench.types(vms[0] ?? '')).toContain('VmPlaced');
  });

  test('given a distrusted miner, then a VM waits and its failure says so, and trust that comes back places it', async () => {
    const { log, vms, bench } = await told(distrustedThenTrusted);
    const failures = log.filter(({ type }) => type === 'VmPlacementFailed');
    expect(failures.map(({ data }) => data.reasons)).toEqual([{ distrusted: 1 }]);
    expect(await bench.types(vms[0] ?? '')).toContain('VmPlaced');
  });

  test('given a miner distrusted after it was proposed, then it refuses and is asked again once it is trusted', async () => {
    const bench = createBench();
    const minerId = await bench.miner(roomFor(1));
    const vmId = await admitted(bench);
    await bench.vm(vmId, { type: 'ProposePlacement', minerId, snapshotPosition: 'memory.1' });
    await bench.onMiner(minerId, trust('contraindicated', bench, 1));
    await runProcess(vmPlacement, bench);
    const refused = (await bench.log()).filter(({ type }) => type === 'AllocationRefused');
    expect(refused.map(({ data }) => data.code)).toEqual(['distrusted']);
    expect((await bench.types(`vm-${vmId}`)).slice(-2)).toEqual(['VmPlacementRejected', 'VmPlacementFailed']);
    await bench.onMiner(minerId, trust('affirming', bench, 2));
    await runProcess(vmPlacement, bench);
    expect(await bench.types(`vm-${vmId}`)).toContain('VmPlaced');
  });

  test('given no miner at all, then the VM waits and the failure has no reasons', async () => {
    const bench = createBench();
    const vmId = await admitted(bench);
    await runProcess(vmPlacement, bench);
    expect((await bench.log()).at(-1)).toMatchObject({
      stream: `vm-${vmId}`,
      type: 'VmPlacementFailed',
      data: { reasons: {} },
    });
  });
});

describe('a restore', () => {
  const told = async (story: Story) => {
    const bench = createBench();
    await story(bench, () => runProcess(vmPlacement, bench));
    const log = await bench.log();
    const miners = log.filter(({ stream }) => stream.startsWith('miner-'));
    return { vm: log.filter(({ stream }) => stream.startsWith('vm-')).map(({ type }) => type), miners };
  };
  const last = (log: Awaited<ReturnType<typeof told>>, type: string) =>
    log.miners.findLast((event) => event.type === type)?.data;

  test('given the same miner, then its room is set aside as the new generation, and it is placed', async () => {
    const log = await told(restore('here'));
    expect(log.vm.filter((type) => type === 'VmPlaced')).toHaveLength(2);
    expect(last(log, 'AllocationReserved')).toMatchObject({ generation: 2 });
  });

  test('given another miner, then it sets room aside, and the first has its own again once it removed what it had', async () => {
    const log = await told(restore('elsewhere'));
    expect(log.vm.slice(-3)).toEqual(['VmRestoreRequested', 'VmPlaced', 'VmCopyRemoved']);
    expect(last(log, 'AllocationReserved')).toMatchObject({ generation: 2 });
    expect(last(log, 'AllocationReleased')).toMatchObject({ generation: 1, reason: 'restored-elsewhere' });
  });

  test('given a miner without room, then it stays where it is, with its disk and its room', async () => {
    const log = await told(restore('no room'));
    expect(log.vm).toContain('VmRestoreRefused');
    expect(last(log, 'AllocationReleased')).toBeUndefined();
  });

  test('given a distrusted miner, then it refuses and the VM stays where it is', async () => {
    const log = await told(restore('distrusted'));
    expect(log.vm).toContain('VmRestoreRefused');
    expect(last(log, 'AllocationRefused')).toMatchObject({ code: 'distrusted' });
    expect(last(log, 'AllocationReleased')).toBeUndefined();
  });

  test('given a miner that there is not, then it waits for nobody and stays where it is', async () => {
    const log = await told(restore('nobody'));
    expect(log.vm).toContain('VmRestoreRefused');
    expect(last(log, 'AllocationReleased')).toBeUndefined();
  });
});
