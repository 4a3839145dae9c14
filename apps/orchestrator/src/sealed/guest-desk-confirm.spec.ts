import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { openNetworkMessage } from '#sealing';
import { type Attested, networkId } from '../../../../test/orchestrator/guest-proof.ts';
import {
  confirmIn,
  guestIn,
  headerSha256,
  inside,
  later,
  never,
  outcome,
  reported,
  sshHostKey,
} from '../../../../test/orchestrator/sealed-guest.ts';
import { openSealedWorld, type SealedWorld } from '../../../../test/orchestrator/sealed-world.ts';

/** A world whose guest has opened its volume. */
const unlocked = async () => {
  const world = await openSealedWorld();
  const guest = await guestIn(world);
  await guest.release();
  return { world, guest };
};

/** The same, once its boot was confirmed under this number: that of as many releases. */
const confirmed = async (counter: number) => {
  const { world } = await unlocked();
  for (let released = 1; released < counter; released += 1) {
    await world.restart();
    await (await guestIn(world)).release();
  }
  await confirmIn(world, inside(counter));
  await world.restart();
  const guest = await guestIn(world);
  const proof = await guest.proven();
  const release = await guest.opened(await guest.release(proof), proof);
  return { world, guest, release };
};

const goAhead = async (world: SealedWorld, message: string, { nonce }: Attested, guestKeySha256: string) =>
  openNetworkMessage(message, world.publicKey, {
    ...{ purpose: 'go-ahead', networkId, vmId: world.vmId, ...(await world.boot()), nonce, guestKeySha256 },
  });

describe('leave to go on', () => {
  test('given an open volume / when its guest reports what is inside / then that is recorded, and the network signs it', async () => {
    const { world, guest } = await unlocked();
    const proof = await reported(world, inside(1));
    const { message } = await confirmIn(world, inside(1), proof);
    expect(await goAhead(world, message, proof, guest.key.sha256)).toMatchObject({
      ...{ counter: 1, sshHostKeySha256: createHash('sha256').update(sshHostKey).digest('hex') },
    });
    expect(await world.events('VmBootConfirmed')).toMatchObject([
      { ...(await world.boot()), ...inside(1), appraisalId: proof.appraisalId },
    ]);
  });

  test('given it was confirmed / when the same is reported again / then it is answered again; anything else is refused', async () => {
    const { world } = await unlocked();
    const proof = await reported(world, inside(1));
    const [first, again] = [await confirmIn(world, inside(1), proof), await confirmIn(world, inside(1), proof)];
    expect(again).toEqual(first);
    await confirmIn(world, inside(1));
    expect(await world.events('VmBootConfirmed')).toHaveLength(1);
    const others = [
      inside(2),
      inside(1, { sshHostKey: 'ssh-ed25519 BBBB' }),
      inside(1, { headerSha256: '0'.repeat(64) }),
    ];
    for (const other of others)
      expect(await outcome(confirmIn(world, other))).toEqual(never('boot-confirmed-otherwise'));
  });

  test('given a boot that got no key, or one that is over / when it reports / then it is refused by name', async () => {
    const world = await openSealedWorld();
    expect(await outcome(confirmIn(world, inside(1)))).toEqual(never('boot-without-key'));
    await (await guestIn(world)).release();
    const proof = await reported(world, inside(1));
    await confirmIn(world, inside(1), proof);
    await world.restart();
    expect(await outcome(confirmIn(world, inside(1), proof)), 'replayed').toEqual(never('boot-not-current'));
  });

  test('given facts that its evidence does not bind, a verdict that affirms nothing, or an old one / then it is refused', async () => {
    const { world } = await unlocked();
    const other = await reported(world, inside(2));
    expect(await outcome(confirmIn(world, inside(1), other))).toEqual(never('result-other'));
    const key = await reported(world, inside(1), { purpose: 'vm-key' });
    expect(await outcome(confirmIn(world, inside(1), key))).toEqual(never('result-other'));
    const warned = await reported(world, inside(1), { tier: 'contraindicated' });
    expect(await outcome(confirmIn(world, inside(1), warned))).toEqual(later('appraisal-not-affirming'));
    const old = await reported(world, inside(1));
    world.bench.clock.pass(61_000);
    expect(await outcome(confirmIn(world, inside(1), old))).toEqual(later('appraisal-too-old'));
    expect(await world.events('VmBootConfirmed')).toEqual([]);
  });
});

describe('the next boot of a volume', () => {
  test('given a confirmed one / when it is released again / then its header and counter are pinned, and the number it was given is taken', async () => {
    const { world, release } = await confirmed(1);
    expect(release).toMatchObject({ mode: 'unlock', headerSha256, minCounter: 1, counter: 2 });
    const swapped = inside(2, { headerSha256: '0'.repeat(64) });
    expect(await outcome(confirmIn(world, swapped))).toEqual(never('volume-header-other'));
    expect(await outcome(confirmIn(world, inside(2)))).toBe('answered');
  });

  test('given a volume that was opened as often before / when it reports / then it is suspected once, and waits for its owner', async () => {
    const { world } = await confirmed(3);
    const proof = await reported(world, inside(2));
    for (const given of [proof, proof, undefined]) {
      expect(await outcome(confirmIn(world, inside(2), given))).toEqual(later('volume-older'));
    }
    expect(await world.events('VmRollbackSuspected')).toMatchObject([{ counter: 2, expectedAbove: 3 }]);
    expect(await world.events('VmBootConfirmed')).toHaveLength(1);

    const { bootId } = await world.boot();
    await world.bench.vm(world.vmId, { type: 'ConsentVm', kind: 'rollback', bootId });
    expect(await outcome(confirmIn(world, inside(1))), 'one that is older still').toEqual(later('volume-older'));
    expect(await outcome(confirmIn(world, inside(2), proof)), 'the same words as before').toBe('answered');
    expect((await world.events('VmBootConfirmed')).at(-1)).toMatchObject({ counter: 4 });
    expect(await outcome(confirmIn(world, inside(2))), 'its guest has not heard it yet').toBe('answered');
  });

  test('given a consent / when the next boot is older too / then it counts for that one boot only', async () => {
    const { world } = await confirmed(3);
    await outcome(confirmIn(world, inside(2)));
    await world.bench.vm(world.vmId, { type: 'ConsentVm', kind: 'rollback', bootId: (await world.boot()).bootId });
    await confirmIn(world, inside(2));
    await world.restart();
    await (await guestIn(world)).release();
    // The same copy again, and the newest one, which was left for it.
    for (const counter of [2, 4])
      expect(await outcome(confirmIn(world, inside(counter)))).toEqual(later('volume-older'));
  });
});
