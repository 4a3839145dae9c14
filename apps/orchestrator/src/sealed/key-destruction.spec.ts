import { expect, test } from 'vitest';
import type { VmId } from '#domain';
import { createConsumer, type EventStore, type KeyVault } from '#events';
import type { Bench } from '../../../../test/conformance/bench.ts';
import { guestIn } from '../../../../test/orchestrator/sealed-guest.ts';
import { openSealedWorld, type SealedWorld } from '../../../../test/orchestrator/sealed-world.ts';
import { createKeyDestruction } from './key-destruction.ts';

/** Reads everything there is, as a life of the orchestrator that begins at its checkpoint. */
const caughtUp = async (
  { store, clock, checkpoints }: Pick<Bench, 'store' | 'clock' | 'checkpoints'>,
  vault: KeyVault,
) => {
  const sink = createKeyDestruction({ store, clock, checkpoints, vault });
  const consumer = createConsumer({ name: 'key-destruction', store, clock, sink, log: () => undefined });
  while ((await consumer.runOnce()) > 0);
};

const terminate = async ({ bench, minerId }: SealedWorld, vmId: VmId): Promise<void> => {
  await bench.vm(vmId, { type: 'TerminateVm', destroyBackups: true });
  await bench.observe(vmId, minerId, 200, { phase: 'absent' });
};

const told = (world: SealedWorld) => world.events('VmKeyDestroyed');
const keyOf = ({ vault, vmId }: SealedWorld) => vault.withKey(vmId, async (key) => key.length);

test('given a VM whose guest has its key / when it runs, or shall go / then its key stays; when it is gone / then the key is destroyed and its stream says so', async () => {
  const world = await openSealedWorld();
  await (await guestIn(world)).release();
  await world.bench.vm(world.vmId, { type: 'TerminateVm', destroyBackups: true });
  await caughtUp(world.bench, world.vault);
  expect([await keyOf(world), await told(world)]).toEqual([64, []]);

  await terminate(world, world.vmId);
  await caughtUp(world.bench, world.vault);
  await expect(keyOf(world)).rejects.toMatchObject({ code: 'key-destroyed' });
  expect(await told(world)).toEqual([{ type: 'VmKeyDestroyed', keyVersion: 1 }]);
});

test.each(['before', 'after'] as const)(
  'given a process that dies %s it has said so / when the next one begins / then the key is gone, and that is said once',
  async (when) => {
    const world = await openSealedWorld();
    await (await guestIn(world)).release();
    await terminate(world, world.vmId);
    const dying: EventStore = {
      ...world.bench.store,
      append: async (...given) => {
        if (when === 'after') await world.bench.store.append(...given);
        throw new Error('killed');
      },
    };
    await caughtUp({ ...world.bench, store: dying }, world.vault).catch(() => undefined);
    await expect(keyOf(world)).rejects.toMatchObject({ code: 'key-destroyed' });
    await caughtUp(world.bench, world.vault);
    await caughtUp(world.bench, world.vault);
    expect(await told(world)).toHaveLength(1);
  },
);

test('given a VM that is gone before its guest asked / then there is nothing to tell, and no key is ever made of it', async () => {
  const world = await openSealedWorld();
  await terminate(world, world.vmId);
  await caughtUp(world.bench, world.vault);
  expect(await told(world)).toEqual([]);
  await expect(world.vault.create(world.vmId)).rejects.toMatchObject({ code: 'key-destroyed' });
});

test('given a plain VM that is gone / then the vault is not asked', async () => {
  const world = await openSealedWorld();
  const plain = await world.bench.placed(await world.bench.account(20n), world.minerId);
  await terminate(world, plain);
  await caughtUp(world.bench, world.vault);
  expect(await world.vault.status()).toMatchObject({ keys: 0, destroyed: 0 });
});
