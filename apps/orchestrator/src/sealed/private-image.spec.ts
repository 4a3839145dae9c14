import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createConsumer, imageKeyHolder } from '#events';
import { otherAccountId } from '../../../../test/domain/samples.ts';
import { sealedImageDigest as digest, tellImage } from '../../../../test/orchestrator/sealed-ground.ts';
import { confirmIn, guestIn, inside, later, never, outcome } from '../../../../test/orchestrator/sealed-guest.ts';
import { imageHeaderSha256, openSealedWorld, type SealedWorld } from '../../../../test/orchestrator/sealed-world.ts';
import { createKeyDestruction } from './key-destruction.ts';

const mine = { imageOwner: (ofVm: SealedWorld['accountId']) => ofVm };

/** What the door does with a key: the vault first, then the stream says so. */
const handOver = async ({ bench, vault, accountId }: SealedWorld, owner = accountId): Promise<Buffer> => {
  const key = randomBytes(64);
  const { keyVersion } = await vault.keep(imageKeyHolder(digest, owner), key);
  await tellImage(bench, { type: 'RecordImageKeyKept', keyVersion, now: bench.clock.now() });
  return key;
};

const withdraw = ({ bench }: SealedWorld, type: 'WithdrawImageKey' | 'RetireImage' = 'WithdrawImageKey') =>
  tellImage(bench, { type, reason: 'it leaked', now: bench.clock.now() });

const imageEvents = async ({ bench }: SealedWorld) =>
  (await bench.log()).filter(({ stream }) => stream === `image-${digest}`).map(({ type }) => type);

describe('the key of a private image', () => {
  test('given a VM of it that was never opened / when its guest is released the key of its disk / then that of the image comes along, its header pinned, and both are recorded', async () => {
    const world = await openSealedWorld(undefined, mine);
    const key = await handOver(world);
    const guest = await guestIn(world);
    const proof = await guest.proven();
    const release = await guest.opened(await guest.release(proof), proof);
    expect(release).toMatchObject({ mode: 'format', imageHeaderSha256 });
    expect(Buffer.from(release.secrets.imageKey ?? []).equals(key)).toBe(true);
    expect(await world.events('VmImageKeyReleased')).toEqual([
      {
        ...{ type: 'VmImageKeyReleased', bootId: (await world.boot()).bootId, guestKeySha256: guest.key.sha256 },
        ...{ imageDigest: digest, keyVersion: 1 },
      },
    ]);
    const log = JSON.stringify((await world.bench.log()).map(({ data }) => data));
    for (const form of ['hex', 'base64'] as const) expect(log).not.toContain(key.toString(form).slice(0, 40));

    const again = await guest.opened(await guest.release(proof), proof);
    expect(again.secrets.imageKey, 'the answer was lost').toEqual(release.secrets.imageKey);
    expect(await world.events('VmImageKeyReleased')).toHaveLength(1);
  });

  test('given its disk is filled / when it boots again / then the key of its own disk opens it, and the image is not asked for, not even one that is withdrawn', async () => {
    const world = await openSealedWorld(undefined, mine);
    await handOver(world);
    await (await guestIn(world)).release();
    await confirmIn(world, inside(1));
    await withdraw(world, 'RetireImage');
    await world.restart();
    const guest = await guestIn(world);
    const proof = await guest.proven();
    const release = await guest.opened(await guest.release(proof), proof);
    expect(release.mode).toBe('unlock');
    expect([release.imageHeaderSha256, release.secrets.imageKey]).toEqual([undefined, undefined]);
    expect(await world.events('VmImageKeyReleased')).toHaveLength(1);
  });

  test("given another account's image / when a guest asks / then it gets no key at all, and the vault makes none go anywhere", async () => {
    const world = await openSealedWorld(undefined, { imageOwner: () => otherAccountId });
    await handOver(world, otherAccountId);
    expect(await outcome((await guestIn(world)).release())).toEqual(never('image-private'));
    expect(await world.events('VmKeyReleased')).toEqual([]);
  });

  test('given nobody handed its key over yet / when a guest asks / then it waits, and starts once the key is there', async () => {
    const world = await openSealedWorld(undefined, mine);
    const guest = await guestIn(world);
    expect(await outcome(guest.release())).toEqual(later('image-key-absent'));
    await handOver(world);
    await guest.release();
    expect(await world.events('VmImageKeyReleased')).toHaveLength(1);
  });

  test.each([
    ['its owner withdraws the key', 'WithdrawImageKey', 'ImageKeyWithdrawn'],
    ['the image is retired', 'RetireImage', 'ImageRetired'],
  ] as const)(
    'given %s / then no guest gets it any more, the vault overwrites it, and its stream says so, once',
    async (_, command, told) => {
      const world = await openSealedWorld(undefined, mine);
      await handOver(world);
      await withdraw(world, command);
      expect(await outcome((await guestIn(world)).release()), 'before anybody destroyed it').toEqual(
        never('image-key-destroyed'),
      );
      const { store, clock, checkpoints } = world.bench;
      const holder = imageKeyHolder(digest, world.accountId);
      for (const _life of [1, 2]) {
        const sink = createKeyDestruction({ store, clock, checkpoints, vault: world.vault });
        const consumer = createConsumer({ name: 'key-destruction', store, clock, sink, log: () => undefined });
        while ((await consumer.runOnce()) > 0);
      }
      await expect(world.vault.withKey(holder, async () => 0)).rejects.toMatchObject({ code: 'key-destroyed' });
      await expect(world.vault.keep(holder, randomBytes(64))).rejects.toMatchObject({ code: 'key-destroyed' });
      expect(await imageEvents(world)).toEqual([
        ...['ImageRegistered', 'ImageMadePrivate', 'ImageKeyKept', told, 'ImageKeyDestroyed'],
      ]);
    },
  );
});
