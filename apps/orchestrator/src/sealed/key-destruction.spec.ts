import { expect, test } from 'vitest';
import type { VmId } from '#domain';
import { createConsumer, type EventStore, type KeyVault } from '#events';
import type { Bench } from '../../../../test/conformance/bench.ts';
import { guestIn, later, outcome } from '../../../../test/orchestrator/sealed-guest.ts';
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

test('given a VM whose guest has its key / when it runs or stops / then its key stays; when its owner ends it / then the key is destroyed at once, and its miner is not waited for', async () => {
  const world = await openSealedWorld();
  await (await guestIn(world)).release();
  await world.bench.vm(world.vmId, { type: 'StopVm', reason: 'test' });
  await caughtUp(world.bench, world.vault);
  expect([await keyOf(world), await told(world)]).toEqual([64, []]);

  await world.bench.vm(world.vmId, { type: 'TerminateVm', destroyBackups: true });
  await caughtUp(world.bench, world.vault);
  await expect(keyOf(world)).rejects.toMatchObject({ code: 'key-destroyed' });
  expect(await told(world)).toEqual([{ type: 'VmKeyDestroyed', keyVersion: 1 }]);
  expect(await world.events('VmTerminated')).toEqual([]);
  await world.bench.observe(world.vmId, world.minerId, 200, { phase: 'absent' });
  await caughtUp(world.bench, world.vault);
  expect([await world.events('VmTerminated'), await told(world)]).toMatchObject([[{ diskRemoved: true }], [{}]]);
});

test('given a guest that waits for its key / when its owner ends the VM / then it waits on for its miner, and is told nothing that it would fail at', async () => {
  const world = await openSealedWorld();
  const guest = await guestIn(world);
  await guest.release();
  await world.bench.vm(world.vmId, { type: 'TerminateVm', destroyBackups: true });
  await caughtUp(world.bench, world.vault);
  expect(await outcome(guest.release())).toEqual(later('vm-not-wanted'));
});

test('given a log whose end was read by nobody who destroys at the wish / when the miner says that the disk is gone / then the key is destroyed', async () => {
  const world = await openSealedWorld();
  await (await guestIn(world)).release();
  await world.bench.vm(world.vmId, { type: 'TerminateVm', destroyBackups: true });
  await world.bench.checkpoints.save('key-destruction', (await world.bench.log()).at(-1)?.position ?? null);
  await world.bench.observe(world.vmId, world.minerId, 200, { phase: 'absent' });
  await caughtUp(world.bench, world.vault);
  expect(await told(world)).toHaveLength(1);
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
