import { describe, expect, test } from 'vitest';
import { createBench, roomFor } from '../../../../test/conformance/bench.ts';
import { describeProcess, runProcess, type Story } from '../../../../test/conformance/process.ts';
import { minerLost } from './miner-lost.process.ts';

const lost: Story = async (bench, run) => {
  const accountId = await bench.account(50n);
  const [minerId, other] = [await bench.miner(roomFor(3)), await bench.miner(roomFor(3))];
  await bench.placed(accountId, minerId);
  await bench.placed(accountId, minerId);
  await bench.placed(accountId, other);
  await bench.onMiner(minerId, { type: 'DeclareMinerLost', lastSeenAt: bench.clock.now(), missedBeats: 11 });
  await run();
};
const placedOnLost: Story = async (bench, run) => {
  const accountId = await bench.account(50n);
  const minerId = await bench.miner(roomFor(3));
  const declareLost = { type: 'DeclareMinerLost', lastSeenAt: bench.clock.now(), missedBeats: 11 } as const;
  const vmId = await bench.placed(accountId, minerId);
  await bench.onMiner(minerId, declareLost);
  await run();
  await bench.observe(vmId, minerId, 1, { phase: 'absent' });
  await run();
};

describeProcess(minerLost, { 'a lost miner': lost, 'back by a report': placedOnLost });

describe('a lost miner', () => {
  test('given three VMs, two of them on the miner that is lost, then those two are lost and none is placed elsewhere', async () => {
    const bench = createBench();
    await lost(bench, () => runProcess(minerLost, bench));
    const events = (await bench.log()).filter(({ actor }) => actor === 'process:miner-lost');
    expect(events.map(({ type }) => type)).toEqual(['VmLost', 'VmLost']);
    expect(new Set(events.map(({ stream }) => stream)).size).toBe(2);
    expect((await bench.log()).filter(({ type }) => type === 'VmPlacementProposed')).toHaveLength(3);
  });

  test('given a miner lost between reservation and confirmation, when the VM is placed on it, then it is lost too', async () => {
    const bench = createBench();
    const [accountId, minerId] = [await bench.account(50n), await bench.miner(roomFor(1))];
    await bench.onMiner(minerId, { type: 'DeclareMinerLost', lastSeenAt: bench.clock.now(), missedBeats: 11 });
    const vmId = await bench.placed(accountId, minerId);
    await runProcess(minerLost, bench);
    expect((await bench.types(`vm-${vmId}`)).at(-1)).toBe('VmLost');
  });

  test('given a VM that is terminated, when its miner is lost, then nothing is said of it', async () => {
    const bench = createBench();
    const [accountId, minerId] = [await bench.account(50n), await bench.miner(roomFor(1))];
    const vmId = await bench.placed(accountId, minerId);
    await bench.vm(vmId, { type: 'TerminateVm' });
    await bench.observe(vmId, minerId, 1, { phase: 'absent' });
    await bench.onMiner(minerId, { type: 'DeclareMinerLost', lastSeenAt: bench.clock.now(), missedBeats: 11 });
    await runProcess(minerLost, bench);
    expect((await bench.types(`vm-${vmId}`)).at(-1)).toBe('VmTerminated');
  });
});
