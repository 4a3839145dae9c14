import { expect, test } from 'vitest';
import { fold } from '#domain';
import { aggregates, readWholeStream, streamName } from '#events';
import { openNetworkMessage } from '#sealing';
import { networkId } from '../../../../test/orchestrator/guest-proof.ts';
import { guestIn } from '../../../../test/orchestrator/sealed-guest.ts';
import { openSealedWorld, type SealedWorld } from '../../../../test/orchestrator/sealed-world.ts';

const accessOf = async ({ bench, sealing, vmId }: SealedWorld): Promise<string | null> => {
  const { decider, codec } = aggregates.vm;
  const vm = fold(decider, (await readWholeStream(bench.store, streamName('vm', vmId))).map(codec.decode));
  return vm === null ? null : sealing.access(vm);
};

test('given a guest that has its key / when its owner changes the keys / then the network signs them for it; before there is nobody to sign for', async () => {
  const world = await openSealedWorld();
  expect(await accessOf(world)).toBeNull();
  const guest = await guestIn(world);
  await guest.release();
  await world.bench.vm(world.vmId, { type: 'ChangeVmSshKeys', set: ['ssh-ed25519 AAAAnew'], add: [], remove: [] });
  const text = await accessOf(world);
  const { generation, bootId } = await world.boot();
  const expected = { networkId, vmId: world.vmId, generation, bootId, nonce: '', guestKeySha256: guest.key.sha256 };
  const open = (key: Uint8Array) => openNetworkMessage(text ?? '', key, { ...expected, purpose: 'access' });
  expect(open(world.publicKey)).toMatchObject({
    authorizedKeys: ['ssh-ed25519 AAAAnew'],
    keysVersion: 2,
    hostname: 'web',
  });
  expect(() => open(new Uint8Array(32))).toThrow();
});
