import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createMemoryKeyVault } from '#adapters/memory';
import type { EventStore } from '#events';
import { hybridSuite } from '#sealing';
import { guestPolicy } from '../../../../libs/attestation/src/guest/guest.fixture.ts';
import type { Claim } from '../../../../test/orchestrator/guest-proof.ts';
import {
  confirmIn,
  guestIn,
  headerSha256,
  inside,
  later,
  never,
  outcome,
} from '../../../../test/orchestrator/sealed-guest.ts';
import { openSealedWorld } from '../../../../test/orchestrator/sealed-world.ts';

const classical = 'x25519/hkdf-sha256/aes-256-gcm';
const minuteMs = 60_000;

/** A store whose process dies at its first append, when that is written or just before. */
const diesAt = (store: EventStore, when: 'before' | 'after'): EventStore => ({
  ...store,
  append: async (...given) => {
    if (when === 'after') await store.append(...given);
    throw new Error('killed');
  },
});

describe('the key of a disk', () => {
  test('given a guest that attested / when it asks / then the release is recorded, and only this guest opens the key of the vault', async () => {
    const world = await openSealedWorld();
    const [guest, other] = [await guestIn(world), await guestIn(world)];
    const proof = await guest.proven();
    const answer = await guest.release(proof);

    const { secrets, ...terms } = await guest.opened(answer, proof);
    expect(terms).toEqual({ mode: 'format', headerSha256: null, minCounter: 0, counter: 1 });
    await world.vault.withKey(world.vmId, async (key) => expect(secrets.volumeKey).toEqual(key));
    expect(secrets).toMatchObject({ hostname: 'web', authorizedKeys: ['ssh-ed25519 AAAAowner'], keysVersion: 1 });
    await expect(other.opened(answer, proof)).rejects.toThrow();
    expect(await world.events('VmKeyReleased')).toMatchObject([
      { ...(await world.boot()), guestKeySha256: guest.key.sha256, appraisalId: proof.appraisalId, keyVersion: 1 },
    ]);
    const log = JSON.stringify((await world.bench.log()).map(({ data }) => data));
    for (const form of ['hex', 'base64'] as const) {
      expect(log).not.toContain(Buffer.from(secrets.volumeKey).toString(form).slice(0, 40));
    }
  });

  test('given a guest that was released its key / when it asks again, with the same proof or a new one / then it has the same key, and nothing more is recorded', async () => {
    const world = await openSealedWorld();
    const guest = await guestIn(world);
    const [first, second] = [await guest.proven(), await guest.proven()];
    const keys = [];
    for (const proof of [first, first, second]) {
      const { secrets, mode } = await guest.opened(await guest.release(proof), proof);
      keys.push([Buffer.from(secrets.volumeKey).toString('hex'), mode]);
    }
    expect(new Set(keys.map(String)).size).toBe(1);
    expect(await world.events('VmKeyReleased')).toHaveLength(1);
  });

  test.each(['before', 'after'] as const)(
    'given an orchestrator that dies %s the release is recorded / when the guest asks the next one / then it has its key, released once',
    async (when) => {
      const world = await openSealedWorld();
      const guest = await guestIn(world);
      const proof = await guest.proven();
      const dying = world.deskOn(diesAt(world.bench.store, when));
      await expect(guest.release(proof, world.minerId, dying)).rejects.toThrow('killed');
      expect(await world.events('VmKeyReleased')).toHaveLength(when === 'after' ? 1 : 0);
      const { secrets } = await guest.opened(await guest.release(proof), proof);
      expect(secrets.volumeKey).toHaveLength(64);
      expect(await world.events('VmKeyReleased')).toHaveLength(1);
    },
  );

  test('given a boot whose key was released / when another guest of it asks / then it is refused, and so is a release that is replayed to another boot', async () => {
    const world = await openSealedWorld();
    const [guest, other] = [await guestIn(world), await guestIn(world)];
    const proof = await guest.proven();
    const answer = await guest.release(proof);
    expect(await outcome(other.release())).toEqual(never('boot-key-other'));

    await world.restart();
    expect(await outcome(guest.release(proof)), 'the very same request').toEqual(never('boot-not-current'));
    await expect(guest.opened(answer, proof), 'the very same answer').rejects.toThrow();
  });

  test('given the VM is stopped meanwhile / when the very same request comes again / then it is refused', async () => {
    const world = await openSealedWorld();
    const guest = await guestIn(world);
    const proof = await guest.proven();
    await guest.release(proof);
    await world.bench.vm(world.vmId, { type: 'StopVm', reason: 'test' });
    expect(await outcome(guest.release(proof))).toEqual(later('vm-not-wanted'));
  });
});

describe('a guest that is refused its key', () => {
  const { privateKey: stranger } = generateKeyPairSync('ed25519');
  const claims: readonly (readonly [string, Partial<Claim>, object])[] = [
    ['whose boot is another one', { bootId: '00000000-0000-4000-8000-000000000001' }, never('boot-not-current')],
    ['of a generation that is past', { generation: 2 }, never('stale-generation')],
    ['whose verdict is a warning', { tier: 'warning' }, later('appraisal-not-affirming')],
    ['whose verdict says nothing', { tier: 'none' }, later('appraisal-not-affirming')],
    ['that attested for another purpose', { purpose: 'ssh-host-key' }, never('result-other')],
    ['that attested another key', { binding: Buffer.alloc(1_216) }, never('result-other')],
    ['whose result is of another VM', { vmId: '00000000-0000-4000-8000-00000000000b' }, never('result-other')],
    [
      'whose result is of a guest elsewhere',
      { minerId: '00000000-0000-4000-8000-00000000000c' },
      never('result-other'),
    ],
    ['whose result nobody here signed', { signedBy: stranger }, never('result-signature')],
    ['with a suite that nobody has', { suite: 'rot13' }, never('suite-unknown')],
  ];
  test.each(claims)('given one %s / then it is told why, and nothing is recorded', async (_, claim, told) => {
    const world = await openSealedWorld();
    const guest = await guestIn(world);
    expect(await outcome(guest.proven(claim).then((proof) => guest.release(proof)))).toEqual(told);
    expect(await world.events('VmKeyReleased')).toEqual([]);
  });

  test('given a verdict older than a minute / when its result has not expired / then it is refused, and attesting anew helps', async () => {
    const world = await openSealedWorld();
    const guest = await guestIn(world);
    const proof = await guest.proven();
    world.bench.clock.pass(minuteMs + 1_000);
    expect(await outcome(guest.release(proof))).toEqual(later('appraisal-too-old'));
    world.bench.clock.pass(2 * minuteMs);
    expect(await outcome(guest.release(proof)), 'later it is no result any more').toEqual(later('result-expired'));
    await guest.release();
    expect(await world.events('VmKeyReleased')).toHaveLength(1);
  });

  test("given another miner than the one that has the VM / when it presents its guest's result, or one of its own / then it is refused", async () => {
    const world = await openSealedWorld();
    const guest = await guestIn(world);
    const thief = '00000000-0000-4000-8000-00000000000d';
    expect(await outcome(guest.proven().then((proof) => guest.release(proof, thief)))).toEqual(never('result-other'));
    const own = guest.proven({ minerId: thief }).then((proof) => guest.release(proof, thief));
    expect(await outcome(own)).toEqual(never('stale-generation'));
  });

  test('given a boot that nobody settled / when its guest asks / then it is told to ask again', async () => {
    const world = await openSealedWorld(undefined, { isSettled: false });
    const guest = await guestIn(world);
    expect(await outcome(guest.release())).toEqual(later('boot-not-specified'));
    await world.settle();
    await guest.release();
  });

  test('given a classical suite / then it is refused until the policy allows it', async () => {
    const world = await openSealedWorld();
    const guest = await guestIn(world, classical);
    expect(await outcome(guest.release())).toEqual(never('suite-classical'));
    await world.publish({ ...guestPolicy, allowClassical: true });
    const proof = await guest.proven();
    expect((await guest.opened(await guest.release(proof), proof)).mode).toBe('format');
    expect(await world.events('VmKeyReleased')).toMatchObject([{ suite: classical }]);
  });

  test('given a VM that was opened with a classical suite / when its next boot offers the hybrid one / then the change is recorded, and there is no way back', async () => {
    const world = await openSealedWorld();
    await world.publish({ ...guestPolicy, allowClassical: true });
    await (await guestIn(world, classical)).release();
    await confirmIn(world, inside(1));
    await world.publish(guestPolicy);
    await world.restart();

    const guest = await guestIn(world);
    const proof = await guest.proven();
    expect(await guest.opened(await guest.release(proof), proof)).toMatchObject({ mode: 'unlock', headerSha256 });
    expect((await world.events('VmKeyReleased')).map(({ suite }) => suite)).toEqual([classical, hybridSuite]);
    await confirmIn(world, inside(2));
    await world.restart();
    expect(await outcome((await guestIn(world, classical)).release())).toEqual(never('suite-classical'));
    expect(await world.events('VmKeyReleased'), 'a refusal is no release').toHaveLength(2);
  });

  test('given a key that was destroyed / then nobody gets it, and no other is made', async () => {
    const world = await openSealedWorld();
    await world.vault.destroy(world.vmId);
    expect(await outcome((await guestIn(world)).release())).toEqual(never('key-destroyed'));
  });

  test('given a disk that was confirmed, and a vault without its key / then its guest waits, no key is made, and with the right vault it goes on', async () => {
    const world = await openSealedWorld();
    const first = await guestIn(world);
    const before = await first.proven();
    const { secrets } = await first.opened(await first.release(before), before);
    await confirmIn(world, inside(1));
    await world.restart();

    const guest = await guestIn(world);
    const empty = createMemoryKeyVault(randomBytes);
    const proof = await guest.proven();
    const asked = guest.release(proof, world.minerId, world.deskWith(empty));
    expect(await outcome(asked)).toEqual(later('key-absent'));
    expect([(await empty.status()).keys, await world.events('VmKeyReleased')]).toMatchObject([0, [{ mode: 'format' }]]);

    const answer = await guest.opened(await guest.release(proof), proof);
    expect(answer).toMatchObject({ mode: 'unlock', secrets: { volumeKey: secrets.volumeKey } });
  });

  test('given a disk that was never confirmed, and a vault without its key / then another is made, for a disk that is made anew', async () => {
    const world = await openSealedWorld();
    await (await guestIn(world)).release();
    await world.restart();
    const [guest, empty] = [await guestIn(world), createMemoryKeyVault(randomBytes)];
    const proof = await guest.proven();
    const answer = await guest.release(proof, world.minerId, world.deskWith(empty));
    expect(await guest.opened(answer, proof)).toMatchObject({ mode: 'format' });
  });

  test('given a plain VM, or none / then there is no key, and none is made', async () => {
    const world = await openSealedWorld();
    const plain = await world.bench.placed(await world.bench.account(20n), world.minerId);
    const guest = await guestIn(world);
    for (const [vmId, told] of [
      [plain, never('vm-not-sealed')],
      ['00000000-0000-4000-8000-00000000000e', never('vm-not-found')],
    ] as const) {
      const { result, nonce } = await guest.proven({ vmId });
      const guestKey = Buffer.from(guest.key.publicKey).toString('base64');
      expect(await outcome(world.desk.release(world.minerId, { vmId, result, guestKey, nonce }))).toEqual(told);
    }
    expect((await world.vault.status()).keys).toBe(0);
  });
});
