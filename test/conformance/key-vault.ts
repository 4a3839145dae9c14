import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { imageKeyHolder, isKeyHolder, type KeyVault, sealingKeyHolder } from '#events';

/** What every key vault promises. `open` makes an empty one; `reopen` opens it again, as a restart would, where that is possible. */
export const describeKeyVault = (
  name: string,
  open: () => Promise<{ readonly vault: KeyVault; readonly reopen?: () => Promise<KeyVault> }>,
): void => {
  const keyOf = (vault: KeyVault, vmId: string): Promise<string> =>
    vault.withKey(vmId, async (key) => Buffer.from(key).toString('hex'));

  describe(`key vault: ${name}`, () => {
    test('given a VM / when its key is made, twice / then there is one, of 64 bytes, and no other VM has it', async () => {
      const { vault } = await open();
      expect([await vault.create('web'), await vault.create('web')]).toEqual([{ keyVersion: 1 }, { keyVersion: 1 }]);
      const web = await keyOf(vault, 'web');
      await vault.create('db');
      expect(web).toMatch(/^[0-9a-f]{128}$/);
      expect(await keyOf(vault, 'web')).toBe(web);
      expect(await keyOf(vault, 'db')).not.toBe(web);
    });

    test('given many at once / when they make the key of one VM / then all of them have the same', async () => {
      const { vault } = await open();
      await Promise.all(Array.from({ length: 16 }, () => vault.create('web')));
      const seen = await Promise.all(Array.from({ length: 16 }, () => keyOf(vault, 'web')));
      expect(new Set(seen).size).toBe(1);
    });

    test('given a key that was lent / when its use ends, or fails / then it is overwritten, and the next one has it whole', async () => {
      const { vault } = await open();
      await vault.create('web');
      const lent: Uint8Array[] = [];
      await vault.withKey('web', async (key) => lent.push(key));
      await expect(
        vault.withKey('web', async (key) => {
          lent.push(key);
          throw new Error('the use failed');
        }),
      ).rejects.toThrow('the use failed');
      expect(lent.map((key) => key.every((byte) => byte === 0))).toEqual([true, true]);
      expect(await keyOf(vault, 'web')).not.toMatch(/^0+$/);
    });

    test('given a key that was destroyed / when anyone asks / then it never comes back, not even as another one', async () => {
      const { vault, reopen } = await open();
      await vault.create('web');
      expect([await vault.destroy('web'), await vault.destroy('web')]).toEqual([{ keyVersion: 1 }, { keyVersion: 1 }]);
      for (const one of [vault, ...(reopen === undefined ? [] : [await reopen()])]) {
        const refusal = { code: 'key-destroyed' };
        await expect(one.create('web')).rejects.toMatchObject(refusal);
        await expect(keyOf(one, 'web')).rejects.toMatchObject(refusal);
        expect(await one.status()).toMatchObject({ keys: 0, destroyed: 1 });
      }
    });

    test('given keys, and one that was destroyed / then those who have one are named', async () => {
      const { vault } = await open();
      const image = imageKeyHolder('ab'.repeat(32), randomUUID());
      for (const holder of ['web', 'db']) await vault.create(holder);
      await vault.keep(image, randomBytes(64));
      await vault.destroy('web');
      expect([...(await vault.holders())].sort()).toEqual(['db', image].sort());
    });

    test('given a VM that never had a key / when it is destroyed / then there was none, and there never will be', async () => {
      const { vault } = await open();
      await expect(keyOf(vault, 'ghost')).rejects.toMatchObject({ code: 'key-absent' });
      expect([await vault.destroy('ghost'), await vault.destroy('ghost')]).toEqual([null, null]);
      await expect(vault.create('ghost')).rejects.toMatchObject({ code: 'key-destroyed' });
    });

    test("given a private image's key / when it is kept / then it is lent as it was given, of that image and account alone, and gone once destroyed", async () => {
      const { vault, reopen } = await open();
      const [digest, account, key] = ['ab'.repeat(32), randomUUID(), randomBytes(64)];
      const [holder, otherAccount] = [imageKeyHolder(digest, account), imageKeyHolder(digest, randomUUID())];
      const kept = { keyVersion: 1 };
      expect([await vault.keep(holder, key), await vault.keep(holder, Buffer.from(key))]).toEqual([kept, kept]);
      await expect(vault.keep(holder, randomBytes(64))).rejects.toMatchObject({ code: 'key-other' });
      await expect(vault.keep(otherAccount, randomBytes(63))).rejects.toMatchObject({ code: 'key-length' });
      await expect(keyOf(vault, otherAccount)).rejects.toMatchObject({ code: 'key-absent' });
      for (const one of [vault, ...(reopen === undefined ? [] : [await reopen()])]) {
        expect(await keyOf(one, holder)).toBe(key.toString('hex'));
      }
      expect(await vault.destroy(holder)).toEqual(kept);
      await expect(vault.keep(holder, key)).rejects.toMatchObject({ code: 'key-destroyed' });
    });

    test("given a vault / when its own key is made, by many at once / then there is one, counted, kept and wrapped anew like any other's", async () => {
      const { vault, reopen } = await open();
      expect(await vault.status()).toMatchObject({ keys: 0, hasSealingKey: false });
      await expect(keyOf(vault, sealingKeyHolder)).rejects.toMatchObject({ code: 'key-absent' });
      await Promise.all(Array.from({ length: 8 }, () => vault.create(sealingKeyHolder)));
      await vault.create('web');
      const key = await keyOf(vault, sealingKeyHolder);
      expect(await keyOf(vault, 'web')).not.toBe(key);
      for (const one of [vault, ...(reopen === undefined ? [] : [await reopen()])]) {
        expect(await keyOf(one, sealingKeyHolder)).toBe(key);
        expect(await one.status()).toMatchObject({ keys: 2, hasSealingKey: true });
        expect(await one.holders(), 'nobody ends it with a VM or an image').toEqual(['web']);
      }
      for (const other of ['vault_other', `${sealingKeyHolder}2`]) expect(isKeyHolder(other), other).toBe(false);
    });

    test("given the vault's own key / when the vault key is changed / then it is what it was", async () => {
      const { vault } = await open();
      await vault.create(sealingKeyHolder);
      const before = await keyOf(vault, sealingKeyHolder);
      expect(await vault.rotate(randomBytes(32))).toEqual({ done: 1, total: 1 });
      expect(await keyOf(vault, sealingKeyHolder)).toBe(before);
      const { kekId, byKek } = await vault.status();
      expect(byKek).toEqual({ [kekId]: 1 });
    });

    test('given keys / when the vault key is changed / then each key is what it was, and the vault says what it is under', async () => {
      const { vault } = await open();
      const vms = ['a', 'b', 'c'];
      for (const vmId of vms) await vault.create(vmId);
      const before = await Promise.all(vms.map((vmId) => keyOf(vault, vmId)));
      const told: number[] = [];
      expect(await vault.rotate(randomBytes(32), ({ done }) => told.push(done))).toEqual({ done: 3, total: 3 });
      expect(told).toEqual([1, 2, 3]);
      expect(await Promise.all(vms.map((vmId) => keyOf(vault, vmId)))).toEqual(before);
      const { kekId, byKek, missingKeks } = await vault.status();
      expect([byKek, missingKeks]).toEqual([{ [kekId]: 3 }, []]);
    });

    test.each(['', '../web', 'a/b', 'A', '.hidden', 'x'.repeat(65)])('a VM called %j is refused', async (vmId) => {
      const { vault } = await open();
      for (const ask of [() => vault.create(vmId), () => keyOf(vault, vmId), () => vault.destroy(vmId)]) {
        await expect(ask()).rejects.toMatchObject({ name: 'VaultError', code: 'vm-id-malformed' });
      }
    });

    test('given a vault key of another length / when it is to be changed to that / then it is refused', async () => {
      const { vault } = await open();
      await expect(vault.rotate(randomBytes(31))).rejects.toMatchObject({ code: 'kek-unusable' });
    });

    test('any order of making, reading, destroying, changing and restarting keeps the promises', async () => {
      const step = fc.record({
        what: fc.constantFrom('create', 'read', 'destroy', 'rotate', 'reopen'),
        vmId: fc.constantFrom('a', 'b'),
      });
      const run = fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const opened = await open();
        let { vault } = opened;
        const [keys, gone] = [new Map<string, string>(), new Set<string>()];
        for (const { what, vmId } of steps) {
          if (what === 'reopen') vault = (await opened.reopen?.()) ?? vault;
          if (what === 'destroy') {
            expect(await vault.destroy(vmId)).toEqual(keys.has(vmId) ? { keyVersion: 1 } : null);
            gone.add(vmId);
          }
          if (what === 'create' && !gone.has(vmId)) {
            await vault.create(vmId);
            const key = await keyOf(vault, vmId);
            expect(keys.get(vmId) ?? key).toBe(key);
            keys.set(vmId, key);
          }
          if (what === 'rotate' && opened.reopen === undefined) await vault.rotate(randomBytes(32));
          if (gone.has(vmId)) await expect(keyOf(vault, vmId)).rejects.toMatchObject({ code: 'key-destroyed' });
          else if (keys.has(vmId)) expect(await keyOf(vault, vmId)).toBe(keys.get(vmId));
          else await expect(keyOf(vault, vmId)).rejects.toMatchObject({ code: 'key-absent' });
        }
      });
      await fc.assert(run, { numRuns: 12 });
    });
  });
};
