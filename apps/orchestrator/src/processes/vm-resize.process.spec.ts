import { describe, expect, test } from 'vitest';
import { credits, type MicroCredits, microCredits, standardFlavors, type VmId } from '#domain';
import { bootIdOf } from '#events';
import { type Bench, createBench, roomFor } from '../../../../test/conformance/bench.ts';
import { describeProcess, runProcess, type Story } from '../../../../test/conformance/process.ts';
import { vmAdmission } from './vm-admission.process.ts';
import { vmPlacement } from './vm-placement.process.ts';
import { vmResize } from './vm-resize.process.ts';

const price = (flavorId: string): MicroCredits =>
  standardFlavors.find((flavor) => flavor.flavorId === flavorId)?.pricePerHour ?? microCredits(0n);

/** A VM of that flavour that ran once on a miner with room for that many, and is stopped. */
const stopped = async (bench: Bench, room: number, flavorId = 'nano', amountCredits = 100n): Promise<VmId> => {
  const minerId = await bench.miner(roomFor(room));
  const accountId = await bench.account(amountCredits);
  const vmId = await bench.request(accountId, flavorId);
  await others(bench);
  await bench.vm(vmId, { type: 'StopVm', reason: 'to be resized' });
  const bootId = await bootOf(bench, vmId);
  await bench.observe(vmId, minerId, 1, { phase: 'stopped', bootId, cause: 'requested', detail: '' });
  return vmId;
};

const bootOf = async (bench: Bench, vmId: VmId) => {
  const boots = (await bench.log()).filter(({ stream, type }) => stream === `vm-${vmId}` && type === 'BootAuthorized');
  return boots.at(-1)?.data.bootId as ReturnType<typeof bootIdOf>;
};

/** The other processes a resize passes through, until none has anything to do. */
const others = async (bench: Bench): Promise<void> => {
  for (let round = 0; round < 3; round += 1) {
    await runProcess(vmAdmission, bench);
    await runProcess(vmPlacement, bench);
  }
};

const resizeTo = (bench: Bench, vmId: VmId, flavorId: string, size = roomFor(1, flavorId)) =>
  bench.vm(vmId, { type: 'ResizeVm', flavorId, size, pricePerHour: price(flavorId) });

const through = async (bench: Bench, run: () => Promise<unknown>): Promise<void> => {
  for (let round = 0; round < 3; round += 1) {
    await run();
    await others(bench);
  }
};

const dearer: Story = async (bench, run) => {
  const vmId = await stopped(bench, 4);
  await resizeTo(bench, vmId, 'micro');
  await through(bench, run);
};
const cheaper: Story = async (bench, run) => {
  const vmId = await stopped(bench, 4, 'micro');
  // The disk stays: only what is not the disk may shrink.
  await bench.vm(vmId, {
    ...{ type: 'ResizeVm', flavorId: 'nano-2g', pricePerHour: price('nano') },
    size: { ...roomFor(1), diskBytes: roomFor(1, 'micro').diskBytes },
  });
  await through(bench, run);
};
const noRoom: Story = async (bench, run) => {
  const vmId = await stopped(bench, 1);
  await resizeTo(bench, vmId, 'micro');
  await through(bench, run);
};
const noCredits: Story = async (bench, run) => {
  const vmId = await stopped(bench, 4, 'nano', 10n);
  const dear = { flavorId: 'micro', size: roomFor(1, 'micro'), pricePerHour: credits(1_000n) };
  await bench.vm(vmId, { type: 'ResizeVm', ...dear });
  await through(bench, run);
};
const startedMeanwhile: Story = async (bench, run) => {
  const vmId = await stopped(bench, 4);
  await resizeTo(bench, vmId, 'micro');
  await bench.vm(vmId, { type: 'StartVm', nextBootId: bootIdOf(bench.ids.uuid()) });
  await through(bench, run);
};
const terminatedMeanwhile: Story = async (bench, run) => {
  const vmId = await stopped(bench, 4);
  await resizeTo(bench, vmId, 'micro');
  await run();
  await bench.vm(vmId, { type: 'TerminateVm' });
  await through(bench, run);
};
const twice: Story = async (bench, run) => {
  const vmId = await stopped(bench, 40);
  await resizeTo(bench, vmId, 'micro');
  await through(bench, run);
  await resizeTo(bench, vmId, 'small');
  await through(bench, run);
};

describeProcess(vmResize, {
  dearer,
  cheaper,
  'no room': noRoom,
  'no credits': noCredits,
  'started meanwhile': startedMeanwhile,
  'terminated meanwhile': terminatedMeanwhile,
  twice,
});

describe('resizing', () => {
  const told = async (story: Story) => {
    const bench = createBench();
    await story(bench, () => runProcess(vmResize, bench));
    const log = await bench.log();
    const last = (type: string) => log.findLast((event) => event.type === type)?.data;
    const streamOf = (category: string) => log.find(({ stream }) => stream.startsWith(category))?.stream ?? '';
    const vmTypes = await bench.types(streamOf('vm-'));
    const held = log
      .flatMap(({ type, data }) => (type === 'CreditsHeld' ? [data] : []))
      .filter(({ holdId }) => !log.some(({ type, data }) => type === 'HoldReleased' && data.holdId === holdId));
    return { vmTypes, last, held: held.map(({ amount }) => amount) };
  };
  const amount = (flavorId: string): string => price(flavorId).toString();

  test('given credits and room, then it is held, set aside and resized, and exactly the new hour is held', async () => {
    const { vmTypes, last, held } = await told(dearer);
    expect(vmTypes.slice(-2)).toEqual(['VmResizeRequested', 'VmResized']);
    expect(last('AllocationReserved')).toMatchObject({ generation: 2, size: roomFor(1, 'micro') });
    expect(held).toEqual([amount('micro')]);
  });

  test('given a cheaper size, then room first, and what is too much is given back', async () => {
    const { vmTypes, held } = await told(cheaper);
    expect(vmTypes.at(-1)).toBe('VmResized');
    expect(held).toEqual([amount('nano')]);
  });

  test('given no room, then it keeps its size, says why, and the old hour is held again', async () => {
    const { vmTypes, last, held } = await told(noRoom);
    expect(vmTypes.at(-1)).toBe('VmResizeRefused');
    expect(last('VmResizeRefused')).toMatchObject({ code: 'disk', detail: expect.stringContaining('2 GiB of disk') });
    expect(held).toEqual([amount('nano')]);
  });

  test('given too few credits, then the miner is not even asked', async () => {
    const { vmTypes, last, held } = await told(noCredits);
    expect(vmTypes.at(-1)).toBe('VmResizeRefused');
    expect(last('VmResizeRefused')).toMatchObject({ code: 'insufficient-credits' });
    expect(last('AllocationReserved')).toMatchObject({ generation: 1 });
    expect(held).toEqual([amount('nano')]);
  });

  test('given it is started meanwhile, then its next boot is of the new generation', async () => {
    const { vmTypes, last } = await told(startedMeanwhile);
    expect(vmTypes.slice(-2)).toEqual(['VmResized', 'BootAuthorized']);
    expect(last('BootAuthorized')).toMatchObject({ generation: 2, cause: 'owner-start' });
  });

  test('given it is resized again, then the hold of the first resize is the one that is replaced', async () => {
    expect((await told(twice)).held).toEqual([amount('small')]);
  });
});
