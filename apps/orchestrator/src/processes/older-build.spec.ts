import { describe, expect, test } from 'vitest';
import { createMemoryFoldSnapshots } from '#adapters/memory';
import { microCredits, standardFlavors, type VmId } from '#domain';
import { bootIdOf, createConsumer, type EventStore } from '#events';
import { type Bench, createBench, roomFor } from '../../../../test/conformance/bench.ts';
import { runProcess } from '../../../../test/conformance/process.ts';
import { withoutKnowing } from '../../../../test/conformance/seen-as.ts';
import { processSink } from './runner.ts';
import { vmAdmission } from './vm-admission.process.ts';
import { vmPlacement } from './vm-placement.process.ts';
import { vmResize } from './vm-resize.process.ts';

/** A stopped VM that is to be resized, and the miner with room for so many of its first size that has it. */
const given = async (room: number) => {
  const bench = createBench();
  const [accountId, minerId] = [await bench.account(100n), await bench.miner(roomFor(room))];
  const vmId = await bench.request(accountId);
  await runProcess(vmAdmission, bench);
  for (let round = 0; round < 2; round += 1) await runProcess(vmPlacement, bench);
  await bench.vm(vmId, { type: 'StopVm', reason: 'to be resized' });
  const bootId = await bootOf(bench, vmId);
  await bench.observe(vmId, minerId, 1, { phase: 'stopped', bootId, cause: 'requested', detail: '' });
  const pricePerHour = standardFlavors.find(({ flavorId }) => flavorId === 'micro')?.pricePerHour ?? microCredits(0n);
  await bench.vm(vmId, { type: 'ResizeVm', flavorId: 'micro', size: roomFor(1, 'micro'), pricePerHour });
  return { bench, vmId, minerId };
};

const bootOf = async (bench: Bench, vmId: VmId) => {
  const boots = (await bench.log()).filter(({ stream, type }) => stream === `vm-${vmId}` && type === 'BootAuthorized');
  return boots.at(-1)?.data.bootId as ReturnType<typeof bootIdOf>;
};

/** One life of a build to which that store reads so; copies of folds are each build's own. */
const life = (bench: Bench, store: EventStore) => {
  const own = { ...bench, store, snapshots: createMemoryFoldSnapshots({ everyEvents: 1_000 }) };
  const sink = processSink(vmResize, own, 'beginning');
  const consumer = createConsumer({ name: vmResize.name, store, clock: bench.clock, sink, log: () => undefined });
  const untilThere = async (type: string): Promise<void> => {
    const { length } = (await bench.log()).filter((event) => event.type === type);
    while ((await bench.log()).filter((event) => event.type === type).length === length) await consumer.runOnce();
  };
  const toTheEnd = async (): Promise<void> => {
    while ((await consumer.runOnce()) > 0);
  };
  return { consumer, untilThere, toTheEnd };
};

describe('an older build that decides over another stream than the event is on', () => {
  test('given it cannot read the VM that a miner has no room for, then the answer waits for a newer build', async () => {
    const { bench, vmId } = await given(1);
    await life(bench, bench.store).untilThere('AllocationRefused');
    const older = life(bench, withoutKnowing(bench.store, 'VmRequested'));
    await older.toTheEnd();
    expect(older.consumer.parked()).toMatchObject([
      { eventType: 'AllocationRefused', blocks: false, reason: expect.stringContaining(`all of vm-${vmId}`) },
    ]);
    const newer = life(bench, bench.store);
    await newer.toTheEnd();
    expect(await bench.types(`vm-${vmId}`)).toContain('VmResizeRefused');
    expect(newer.consumer.parked()).toEqual([]);
  });

  const no = {
    type: 'RefuseResize',
    generation: 2,
    code: 'disk',
    detail: 'none',
    nextBootId: bootIdOf('next'),
  } as const;
  test.each([
    ['is resized', 'VmResized', ['5000', '10000']],
    ['keeps its size', 'VmResizeRefused', ['5000', '10000', '5000']],
  ] as const)(
    'given it stands still behind what it cannot read of the account, and the VM %s, then a newer one holds what that costs',
    async (_, ends, held) => {
      const { bench, vmId, minerId } = await given(4);
      await life(bench, bench.store).untilThere('HoldReleased');
      const older = life(bench, withoutKnowing(bench.store, 'HoldReleased'));
      await older.toTheEnd();
      // Another replica, which can read it, goes on with the resize.
      const confirm = { type: 'ConfirmPlacement', minerId, generation: 2, nextBootId: bootIdOf('next') } as const;
      await bench.vm(vmId, ends === 'VmResized' ? confirm : no);
      await older.toTheEnd();
      const parked = older.consumer.parked().map(({ eventType, blocks }) => [eventType, blocks]);
      expect(parked).toEqual([
        ['HoldReleased', true],
        [ends, false],
      ]);
      const newer = life(bench, bench.store);
      await newer.toTheEnd();
      expect(newer.consumer.parked()).toEqual([]);
      const log = await bench.log();
      expect(log.flatMap(({ type, data }) => (type === 'CreditsHeld' ? [data.amount] : []))).toEqual(held);
      expect(log.filter(({ type }) => type === 'HoldReleased')).toHaveLength(held.length - 1);
    },
  );
});
