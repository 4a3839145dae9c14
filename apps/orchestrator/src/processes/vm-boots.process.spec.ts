import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { bootDigestOf, type GuestBootPolicy, parseGuestBootSpec } from '#attestation';
import { fold, type VmEvent, type VmId } from '#domain';
import { aggregates, bootIdOf, readWholeStream, streamName } from '#events';
import { simulatedProcessor } from '#simulated-processor';
import { guestPolicy } from '../../../../libs/attestation/src/guest/guest.fixture.ts';
import { type Bench, createBench, roomFor } from '../../../../test/conformance/bench.ts';
import { describeProcess, runProcess, type Story } from '../../../../test/conformance/process.ts';
import { publishPolicy, registerImage, sealedOn } from '../../../../test/orchestrator/sealed-ground.ts';
import { confirmIn, guestIn, inside, later, outcome } from '../../../../test/orchestrator/sealed-guest.ts';
import { openSealedWorld } from '../../../../test/orchestrator/sealed-world.ts';
import { type BootTerms, vmBoots } from './vm-boots.process.ts';

const terms: BootTerms = {
  network: { id: '8f9a2f6e-2f1a-4b53-9d53-0d6f3f7d0a11', kind: 'simulated' },
  networkKey: Buffer.alloc(32, 7),
  simulated: simulatedProcessor,
};
const process = vmBoots(terms);

/** The same policy, whose one boot image is another one. */
const releaseOf = (revision: number): GuestBootPolicy => {
  const sha256 = (what: string): string => createHash('sha256').update(`${what} ${revision}`).digest('hex');
  const files = { kernelSha256: sha256('kernel'), initrdSha256: sha256('initrd') };
  const boots = guestPolicy.boots.map((boot) => ({ ...boot, revision, ...files, bootDigest: bootDigestOf(files) }));
  return { ...guestPolicy, boots };
};

const specifiedOn = async ({ store }: Bench, vmId: VmId) =>
  (await readWholeStream(store, streamName('vm', vmId)))
    .map(aggregates.vm.codec.decode)
    .filter((event): event is Extract<VmEvent, { type: 'VmBootSpecified' }> => event.type === 'VmBootSpecified');

const vmNow = async ({ store }: Bench, vmId: VmId) => {
  const { decider, codec } = aggregates.vm;
  return fold(decider, (await readWholeStream(store, streamName('vm', vmId))).map(codec.decode));
};

const rebooted: Story = async (bench, run) => {
  await publishPolicy(bench, releaseOf(1));
  await registerImage(bench);
  const minerId = await bench.miner(roomFor(1));
  const vmId = await sealedOn(bench, minerId);
  await run();
  const bootId = (await vmNow(bench, vmId))?.boot?.bootId ?? null;
  await bench.vm(vmId, { type: 'StopVm', reason: 'test' });
  await bench.observe(vmId, minerId, 1, { phase: 'stopped', bootId, cause: 'requested', detail: '' });
  await bench.vm(vmId, { type: 'StartVm', nextBootId: bootIdOf(bench.ids.uuid()) });
  await run();
};
const policyComesLast: Story = async (bench, run) => {
  await registerImage(bench);
  const minerId = await bench.miner(roomFor(2));
  const vms = [await sealedOn(bench, minerId), await sealedOn(bench, minerId)];
  await run();
  for (const vmId of vms) expect(await specifiedOn(bench, vmId)).toEqual([]);
  await publishPolicy(bench, releaseOf(1));
  await run();
  for (const vmId of vms) expect(await specifiedOn(bench, vmId)).toHaveLength(1);
};

describeProcess(process, { 'a sealed VM boots twice': rebooted, 'the policy comes after two boots': policyComesLast });

describe('what a boot starts', () => {
  test("given a sealed VM / when it is told to boot / then firmware, kernel, command line and base are the network's, and so is what must be measured of them", async () => {
    const bench = createBench();
    await publishPolicy(bench, releaseOf(3));
    await registerImage(bench);
    const vmId = await sealedOn(bench, await bench.miner(roomFor(1)));
    await runProcess(process, bench);
    const [specified] = await specifiedOn(bench, vmId);
    const [reference] = releaseOf(3).boots;
    const vm = await vmNow(bench, vmId);
    expect(specified).toMatchObject({
      ...{ bootId: vm?.boot?.bootId, generation: 1, bootRevision: 3, consentNeeded: false },
      ...{ bootDigest: reference?.bootDigest, kernelSha256: reference?.kernelSha256 },
      ...{ initrdSha256: reference?.initrdSha256, baseRootHash: 'ab'.repeat(32) },
    });
    expect(parseGuestBootSpec(specified?.bootSpec ?? '')).toMatchObject({
      ...{ network: terms.network.id, vmId, generation: 1, bootId: specified?.bootId, integrity: 'none' },
    });
    for (const part of [
      `hcc.key=${'07'.repeat(32)}`,
      `hcc.base=${'ab'.repeat(32)}:`,
      'systemd.import_credentials=no',
    ]) {
      expect(specified?.cmdline).toContain(part);
    }
    expect(specified?.launchDigests, 'one for each way a host may start it').toHaveLength(2);
    for (const digest of specified?.launchDigests ?? []) expect(digest).toMatch(/^[0-9a-f]{96}$/);
  });

  test('given a plain VM, or an image without a tree / then nothing is settled', async () => {
    const bench = createBench();
    await publishPolicy(bench, releaseOf(1));
    const minerId = await bench.miner(roomFor(2));
    const treeless = await sealedOn(bench, minerId);
    const plain = await bench.placed(await bench.account(20n), minerId);
    await runProcess(process, bench);
    expect([...(await specifiedOn(bench, treeless)), ...(await specifiedOn(bench, plain))]).toEqual([]);
  });

  test('given a newer boot image / when it is published / then the boot that is settled keeps its own, and the next one has it', async () => {
    const world = await openSealedWorld();
    await world.publish(releaseOf(2));
    await world.settle();
    expect(await world.events('VmBootSpecified')).toMatchObject([{ bootRevision: 1 }]);
    await world.restart();
    expect(await world.events('VmBootSpecified')).toMatchObject([{ bootRevision: 1 }, { bootRevision: 2 }]);
  });
});

describe('a boot that starts something older', () => {
  test('given a VM that was up with a newer image / when its network goes back / then its key waits for the owner, for that boot alone', async () => {
    const world = await openSealedWorld();
    await world.publish(releaseOf(5));
    await world.restart();
    await (await guestIn(world)).release();
    await confirmIn(world, inside(1));
    await world.publish(releaseOf(4));
    await world.restart();
    expect((await world.events('VmBootSpecified')).at(-1)).toMatchObject({ bootRevision: 4, consentNeeded: true });

    const guest = await guestIn(world);
    expect(await outcome(guest.release())).toEqual(later('consent-needed'));
    expect(await world.events('VmKeyReleased')).toHaveLength(1);
    const { bootId } = await world.boot();
    await world.bench.vm(world.vmId, { type: 'ConsentVm', kind: 'launch', bootId });
    expect(await outcome(guest.release())).toBe('answered');

    await world.restart();
    expect(await outcome((await guestIn(world)).release())).toEqual(later('consent-needed'));
  });
});
