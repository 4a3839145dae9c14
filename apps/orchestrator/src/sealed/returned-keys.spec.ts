import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openVaultDirectory } from '#adapters/vault';
import type { Vm, VmId } from '#domain';
import { silentLog } from '#edge';
import { createConsumer, imageKeyHolder, type KeyVault } from '#events';
import { networkId } from '../../../../test/orchestrator/guest-proof.ts';
import { sealedImageDigest as digest, tellImage } from '../../../../test/orchestrator/sealed-ground.ts';
import { openSealedWorld, type SealedWorld } from '../../../../test/orchestrator/sealed-world.ts';
import { createKeyDestruction } from './key-destruction.ts';
import { destroyReturned } from './returned-keys.ts';

/** A vault in a directory, with what was in it when it was backed up, and what puts that back. */
const backedUp = async (holders: readonly string[]) => {
  const root = await mkdtemp(join(tmpdir(), 'hcc-returned-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const [dir, copy, kek] = [join(root, 'vault'), join(root, 'copy'), randomBytes(32)];
  const open = async (): Promise<KeyVault> => {
    const vault = await openVaultDirectory({ dir, networkId, kek, random: randomBytes });
    onTestFinished(() => vault.close());
    return vault;
  };
  const vault = await open();
  for (const holder of holders) await vault.create(holder);
  await cp(dir, copy, { recursive: true });
  const restored = async (): Promise<KeyVault> => {
    await rm(dir, { recursive: true });
    await cp(copy, dir, { recursive: true });
    return open();
  };
  return { vault, restored };
};

/** An orchestrator's start: the process goes on at its checkpoint, and the vault is looked through. */
const started = async ({ bench }: SealedWorld, vault: KeyVault, live: ReadonlyMap<VmId, { state: Vm }> = new Map()) => {
  const { store, clock, checkpoints } = bench;
  const sink = createKeyDestruction({ store, clock, checkpoints, vault });
  const consumer = createConsumer({ name: 'key-destruction', store, clock, sink, log: silentLog });
  while ((await consumer.runOnce()) > 0);
  const said: string[] = [];
  await destroyReturned({ store, clock, vault, live: () => live, log: (_, what) => void said.push(what) });
  return said;
};

test('given a vault that was backed up before a VM ended / when that backup is put back and an orchestrator starts / then the key is destroyed again, and that is said once', async () => {
  const world = await openSealedWorld();
  const other = '00000000-0000-4000-8000-00000000000f';
  const { vault, restored } = await backedUp([world.vmId, other]);
  expect(await started(world, vault), 'it shall run').toEqual([]);
  await world.bench.vm(world.vmId, { type: 'TerminateVm', destroyBackups: true });
  await started(world, vault);
  expect(await vault.holders()).toEqual([other]);

  const old = await restored();
  expect([...(await old.holders())].sort()).toEqual([other, world.vmId].sort());
  expect(await started(world, old)).toHaveLength(1);
  expect(await old.holders(), 'of a VM that nobody knows nothing is destroyed').toEqual([other]);
  await expect(old.create(world.vmId)).rejects.toMatchObject({ code: 'key-destroyed' });
  expect(await world.events('VmKeyDestroyed')).toHaveLength(1);
  expect(await started(world, old)).toEqual([]);
});

test('given a fold that is behind / when a VM shall live as far as it knows / then it is left to the next look', async () => {
  const world = await openSealedWorld();
  const { vault } = await backedUp([world.vmId]);
  const behind = new Map([[world.vmId, { state: { desired: 'running' } as Vm }]]);
  expect([await started(world, vault, behind), await vault.holders()]).toEqual([[], [world.vmId]]);
});

test('given the key of a private image, of its owner and of another account / when it was withdrawn and comes back / then the owner’s is destroyed again', async () => {
  const world = await openSealedWorld(undefined, { imageOwner: (ofVm) => ofVm });
  const now = world.bench.clock.now();
  const [mine, stranger] = [world.accountId, '00000000-0000-4000-8000-0000000000aa'].map((account) =>
    imageKeyHolder(digest, account),
  );
  const { vault, restored } = await backedUp([mine ?? '', stranger ?? '']);
  await tellImage(world.bench, { type: 'RecordImageKeyKept', keyVersion: 1, now });
  expect(await started(world, vault)).toEqual([]);
  await tellImage(world.bench, { type: 'WithdrawImageKey', reason: 'it leaked', now });
  await started(world, vault);
  const old = await restored();
  expect(await started(world, old)).toHaveLength(1);
  expect(await old.holders()).toEqual([stranger]);
});
