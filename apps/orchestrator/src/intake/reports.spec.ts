import { describe, expect, test } from 'vitest';
import type { BootId, VmId } from '#domain';
import {
  ConcurrencyConflict,
  type EventStore,
  type HostReport,
  StoreUnavailable,
  streamName,
  type VmReport,
} from '#events';
import { createBench, hostFacts, roomFor } from '../../../../test/conformance/bench.ts';
import { type IntakeDependencies, takeDrainWish, takeHostReport, takeVmReport } from './reports.ts';

const given = async () => {
  const bench = createBench();
  const [accountId, minerId] = [await bench.account(50n), await bench.miner(roomFor(1))];
  const vmId = await bench.placed(accountId, minerId);
  const bootId = (await bench.log()).find(({ type }) => type === 'BootAuthorized')?.data.bootId as BootId;
  const purged: string[] = [];
  const published: string[] = [];
  const logged: string[] = [];
  const dependencies: IntakeDependencies = {
    ...{ store: bench.store, clock: bench.clock },
    bus: { purgeSpec: async (miner, vm) => void purged.push(`${miner}.${vm}`) },
    publisher: { publish: async (vm) => void published.push(vm) },
    log: (_, message, fields) => void logged.push(`${message}: ${fields?.code ?? fields?.reason}`),
  };
  const running: VmReport = {
    ...{ vmId, generation: 1, specRevision: 4n, agentEpoch: 1, sequence: 1 },
    observation: {
      phase: 'running',
      bootId,
      endpoint: { host: 'a.example', port: 2_222 },
      sshHostKey: 'ssh-ed25519 AAAA',
    },
  };
  return { bench, accountId, minerId, vmId, bootId, dependencies, purged, published, logged, running };
};

describe('what a miner wants of itself', () => {
  test('given a drain and the end of it, then each is its own word on its own stream, and what the rules refuse is said', async () => {
    const { bench, minerId, dependencies } = await given();
    const take = takeDrainWish(dependencies);
    const other = await bench.miner(roomFor(1));
    expect(await take(minerId, { drain: { reason: 'new disks', deadlineAt: null } })).toMatchObject({ ok: true });
    expect((await bench.log()).at(-1)).toMatchObject({
      ...{ type: 'MinerDrainStarted', stream: `miner-${minerId}`, actor: `miner:${minerId}` },
      data: { reason: 'new disks' },
    });
    expect(await take(minerId, { drain: { reason: 'x', deadlineAt: 1 } })).toMatchObject({
      ...{ ok: false, reason: expect.stringContaining('which has passed') },
    });
    expect(await take(minerId, { drain: null })).toMatchObject({ ok: true });
    expect(await bench.types(`miner-${minerId}`)).toContain('MinerUndrained');
    expect(await bench.types(`miner-${other}`)).not.toContain('MinerDrainStarted');
    const nobody = '00000000-0000-4000-8000-000000000000';
    expect(await take(nobody, { drain: null })).toMatchObject({ ok: false });
  });
});

describe("a miner's report", () => {
  test('given the holder says it runs, then that is an event in its name; said again, it is none', async () => {
    const { bench, minerId, vmId, dependencies, running } = await given();
    const take = takeVmReport(dependencies);
    expect(await take(running, minerId)).toBe('ack');
    const size = (await bench.log()).length;
    expect((await bench.log()).at(-1)).toMatchObject({ type: 'VmRunning', actor: `miner:${minerId}` });
    expect(await take(running, minerId)).toBe('ack');
    expect(await take({ ...running, sequence: 2 }, minerId)).toBe('ack');
    expect((await bench.log()).length).toBe(size);
    expect(await bench.types(`vm-${vmId}`)).toContain('VmRunning');
  });

  test.each([
    ['another generation', { generation: 2 }],
    ['a VM that does not exist', { vmId: '00000000-0000-4000-8000-000000000000' as VmId }],
  ])('given %s, then it is refused, said why, and not delivered again', async (_, change) => {
    const { bench, minerId, dependencies, running, logged } = await given();
    const size = (await bench.log()).length;
    expect(await takeVmReport(dependencies)({ ...running, ...change }, minerId)).toBe('ack');
    expect((await bench.log()).length).toBe(size);
    expect(logged).toEqual([expect.stringMatching(/^report refused: (stale-generation|vm-not-found)$/)]);
  });

  test("given somebody else's VM, then the liar changes nothing", async () => {
    const { bench, dependencies, running } = await given();
    const liar = await bench.miner(roomFor(1));
    const size = (await bench.log()).length;
    expect(await takeVmReport(dependencies)(running, liar)).toBe('ack');
    expect((await bench.log()).length).toBe(size);
  });

  test.each([
    ['a lost store', new StoreUnavailable('busy', 'busy')],
    ['a race lost too often', new ConcurrencyConflict(streamName('vm', 'a'), 0n, 1n)],
  ])('given %s, then the report comes again and is taken then', async (_, error) => {
    const { bench, minerId, dependencies, running } = await given();
    let isFailing = true;
    const store: EventStore = {
      ...bench.store,
      append: async (...append) => {
        if (isFailing) throw error;
        return bench.store.append(...append);
      },
    };
    const take = takeVmReport({ ...dependencies, store });
    expect(await take(running, minerId)).toEqual({ retryInMs: expect.any(Number) });
    isFailing = false;
    expect(await take(running, minerId)).toBe('ack');
    expect((await bench.log()).at(-1)?.type).toBe('VmRunning');
  });

  test('given a VM that is gone, when its miner still runs it, then it is told absent again; when it says absent, forgotten', async () => {
    const { bench, minerId, vmId, dependencies, running, published, purged } = await given();
    const take = takeVmReport(dependencies);
    const absent: VmReport = { ...running, sequence: 2, observation: { phase: 'absent' } };
    await bench.vm(vmId, { type: 'TerminateVm' });
    expect(await take(absent, minerId)).toBe('ack');
    expect(await bench.types(`vm-${vmId}`)).toContain('VmTerminated');
    expect(purged).toEqual([]);
    expect(await take({ ...running, sequence: 3 }, minerId)).toBe('ack');
    expect(published).toEqual([vmId]);
    expect(await take({ ...absent, sequence: 4 }, minerId)).toBe('ack');
    expect(purged).toEqual([`${minerId}.${vmId}`]);
  });
});

describe("a host's report", () => {
  const report: HostReport = { ...hostFacts, agentEpoch: 2, capacity: roomFor(3) };

  test('given new facts and a new capacity, then each is an event, and the same report again is none', async () => {
    const { bench, minerId, dependencies } = await given();
    const take = takeHostReport(dependencies);
    expect(await take(report, minerId)).toBe('ack');
    expect((await bench.types(`miner-${minerId}`)).slice(-2)).toEqual(['MinerAttached', 'CapacityDeclared']);
    const size = (await bench.log()).length;
    bench.clock.pass(30_000);
    expect(await take(report, minerId)).toBe('ack');
    expect((await bench.log()).length).toBe(size);
  });

  test('given a capacity that goes down and back up, then the last word counts', async () => {
    const { bench, minerId, dependencies } = await given();
    const take = takeHostReport(dependencies);
    for (const times of [3, 1, 3]) {
      bench.clock.pass(30_000);
      await take({ ...report, capacity: roomFor(times) }, minerId);
    }
    const declared = (await bench.log()).filter(({ type }) => type === 'CapacityDeclared');
    expect(declared.at(-1)?.data.capacity).toEqual(roomFor(3));
  });

  test('given checks, then they are an event once, and again when one has another status', async () => {
    const { bench, minerId, dependencies } = await given();
    const take = takeHostReport(dependencies);
    const check = { code: 'HCC-H003', name: 'control groups', wanted: 'cpu', fix: null } as const;
    const checked = (status: 'PASS' | 'WARN', observed: string) =>
      take({ ...report, checks: [{ ...check, status, observed }] }, minerId);
    for (const observed of ['cpu', 'cpu, io']) await checked('PASS', observed);
    await checked('WARN', 'none');
    const found = (await bench.log()).filter(({ type }) => type === 'HostChecked');
    expect(found.map(({ data }) => data.checks)).toEqual([
      [{ ...check, status: 'PASS', observed: 'cpu' }],
      [{ ...check, status: 'WARN', observed: 'none' }],
    ]);
  });

  test('given a miner nobody invited, then it is refused and not delivered again', async () => {
    const { bench, dependencies, logged } = await given();
    const size = (await bench.log()).length;
    expect(await takeHostReport(dependencies)(report, '00000000-0000-4000-8000-000000000000')).toBe('ack');
    expect((await bench.log()).length).toBe(size);
    expect(logged).toEqual(['report refused: miner-not-found']);
  });
});
