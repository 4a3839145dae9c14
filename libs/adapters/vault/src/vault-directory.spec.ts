import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, copyFile, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { imageKeyHolder, sealingKeyHolder } from '#events';
import { describeKeyVault } from '../../../../test/conformance/key-vault.ts';
import { openVaultDirectory } from './index.ts';
import { keyOf, networkId, openAt, vaultDir } from './vault.fixture.ts';

describeKeyVault('directory', async () => {
  const [dir, kek] = [await vaultDir(), randomBytes(32)];
  return { vault: await openAt(dir, kek), reopen: () => openAt(dir, kek) };
});

describe('the files', () => {
  test('given a key / when its file is read / then it is private, names its vault key, and has nothing of the key in it', async () => {
    const [dir, kek] = [await vaultDir(), randomBytes(32)];
    const vault = await openAt(dir, kek);
    await vault.create('web');
    const [key, text] = [await keyOf(vault, 'web'), await readFile(join(dir, 'web.key'), 'utf8')];
    expect((await stat(join(dir, 'web.key'))).mode & 0o777).toBe(0o600);
    expect(JSON.parse(text)).toMatchObject({ vmId: 'web', keyVersion: 1, kekId: (await vault.status()).kekId });
    for (const form of ['hex', 'base64'] as const)
      expect(text).not.toContain(Buffer.from(key, 'hex').toString(form).slice(0, 40));
    expect(text).not.toContain(kek.toString('hex'));
  });

  test('given a key file that was changed anywhere, cut, or put in place of another / when it is read / then it is refused by name', async () => {
    const [dir, kek] = [await vaultDir(), randomBytes(32)];
    const vault = await openAt(dir, kek);
    for (const vmId of ['web', 'db']) await vault.create(vmId);
    const path = join(dir, 'web.key');
    const whole = await readFile(path);
    for (let at = 0; at < whole.length - 1; at += 1) {
      const changed = Buffer.from(whole);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      await writeFile(path, changed);
      const refusal = await keyOf(vault, 'web').catch((error: unknown) => error);
      expect(refusal, `byte ${at}`).toMatchObject({
        name: 'VaultError',
        code: expect.stringMatching(/^(key-damaged|kek-missing)$/),
      });
    }
    await writeFile(path, whole.subarray(0, 100));
    await expect(keyOf(vault, 'web')).rejects.toMatchObject({ code: 'key-damaged' });
    await rename(join(dir, 'db.key'), path);
    await expect(keyOf(vault, 'web')).rejects.toThrow(/another VM/);
    await writeFile(path, whole.toString().replace('"web"', '"db"'));
    await rename(path, join(dir, 'db.key'));
    await expect(keyOf(vault, 'db')).rejects.toThrow(/was changed/);
  });

  test('given the file of a private image / when it is put in place of that of another account / then it does not open there', async () => {
    const [dir, kek] = [await vaultDir(), randomBytes(32)];
    const vault = await openAt(dir, kek);
    const [mine, theirs] = [randomUUID(), randomUUID()].map((account) => imageKeyHolder('cd'.repeat(32), account));
    await vault.keep(mine ?? '', randomBytes(64));
    const text = await readFile(join(dir, `${mine}.key`), 'utf8');
    await writeFile(join(dir, `${theirs}.key`), text);
    await expect(keyOf(vault, theirs ?? '')).rejects.toThrow(/another VM or image/);
    await writeFile(join(dir, `${theirs}.key`), text.replace(mine ?? '', theirs ?? ''));
    await expect(keyOf(vault, theirs ?? '')).rejects.toMatchObject({ code: 'key-damaged' });
  });

  test("given the vault's own key / when its file is changed, cut, or another one's / then it is refused by name, and nobody makes another in its place", async () => {
    const [dir, kek] = [await vaultDir(), randomBytes(32)];
    const vault = await openAt(dir, kek);
    for (const holder of [sealingKeyHolder, 'web']) await vault.create(holder);
    const path = join(dir, `${sealingKeyHolder}.key`);
    const whole = await readFile(path);
    const [wrapped, ofWeb] = [JSON.parse(whole.toString()), await readFile(join(dir, 'web.key'), 'utf8')];
    const damaged = [
      whole.subarray(0, 100),
      JSON.stringify({ ...wrapped, wrapped: Buffer.alloc(80).toString('base64') }),
      ofWeb,
      ofWeb.replace('"web"', `"${sealingKeyHolder}"`),
    ];
    for (const bytes of damaged) {
      await writeFile(path, bytes);
      for (const ask of [() => keyOf(vault, sealingKeyHolder), () => vault.rotate(randomBytes(32))]) {
        await expect(ask()).rejects.toMatchObject({ code: 'key-damaged', message: expect.stringContaining('itself') });
      }
      expect((await readFile(path)).equals(Buffer.from(bytes))).toBe(true);
    }
    await expect(keyOf(vault, sealingKeyHolder)).rejects.toThrow(/or remove it: another is made/);
    await rm(path);
    await vault.create(sealingKeyHolder);
    expect(await keyOf(vault, sealingKeyHolder)).toMatch(/^[0-9a-f]{128}$/);
  });

  test("given the vault's own key of another network, under the same vault key / then it does not open here", async () => {
    const [dir, elsewhere, kek] = [await vaultDir(), await vaultDir(), randomBytes(32)];
    const other = await openVaultDirectory({ dir: elsewhere, networkId: 'other', kek, random: randomBytes });
    await other.create(sealingKeyHolder);
    await other.close();
    const vault = await openAt(dir, kek);
    await copyFile(join(elsewhere, `${sealingKeyHolder}.key`), join(dir, `${sealingKeyHolder}.key`));
    await expect(keyOf(vault, sealingKeyHolder)).rejects.toMatchObject({ code: 'key-damaged' });
  });

  test('given the directory of another network, or one that others may read / when it is opened / then it is refused', async () => {
    const [dir, kek] = [await vaultDir(), randomBytes(32)];
    await openAt(dir, kek);
    const other = openVaultDirectory({ dir, networkId: 'other', kek, random: randomBytes });
    await expect(other).rejects.toThrow(`is of the network ${networkId}, wanted other`);
    await chmod(dir, 0o755);
    await expect(openAt(dir, kek)).rejects.toThrow(/mode 755, wanted 700 \(run: chmod 700/);
    await chmod(dir, 0o700);
  });

  test('given files a crash left / when the key is destroyed / then they go with it', async () => {
    const dir = await vaultDir();
    const vault = await openAt(dir, randomBytes(32));
    await vault.create('web');
    await vault.create('web-2');
    for (const left of ['web.key.0011.part', 'web.key.0022.dying']) await writeFile(join(dir, left), 'half');
    await vault.destroy('web');
    expect((await readdir(dir)).filter((name) => name.startsWith('web'))).toEqual(['web-2.key', 'web.destroyed']);
  });
});

describe('a change of the vault key', () => {
  const made = async () => {
    const [dir, old, fresh] = [await vaultDir(), randomBytes(32), randomBytes(32)];
    const vault = await openAt(dir, old);
    for (const vmId of ['a', 'b', 'c']) await vault.create(vmId);
    return { dir, old, fresh, vault, keys: await Promise.all(['a', 'b', 'c'].map((vmId) => keyOf(vault, vmId))) };
  };

  test('given a vault under one key / when it is opened with another / then both are named and nothing is touched', async () => {
    const { dir, fresh, vault } = await made();
    const { kekId } = await vault.status();
    await expect(openAt(dir, fresh)).rejects.toMatchObject({
      code: 'kek-unusable',
      message: expect.stringContaining(`is under the key ${kekId}, given `),
    });
  });

  test('given a program that has the vault open under the old key / when the key is to be changed / then that one is named, and goes on', async () => {
    const { dir, old, fresh, vault } = await made();
    const other = await openAt(dir, old);
    await expect(other.rotate(fresh)).rejects.toThrow(`process ${process.pid} has the vault ${dir} open`);
    await expect(openAt(dir, fresh, [old])).rejects.toMatchObject({ code: 'kek-unusable' });
    await vault.create('d');
    expect(await keyOf(other, 'd')).toBe(await keyOf(vault, 'd'));
    await vault.close();
    expect(await other.rotate(fresh)).toEqual({ done: 4, total: 4 });
  });

  test('given a program that was started with both keys / when another one changes them beside it / then both read and make keys all the time', async () => {
    const { dir, old, fresh, vault, keys } = await made();
    await vault.close();
    const running = await openAt(dir, fresh, [old]);
    expect(await keyOf(running, 'a')).toBe(keys[0]);
    const beside = await openAt(dir, fresh, [old]);
    const seen: string[] = [];
    const making = beside.rotate(fresh);
    for (const vmId of ['d', 'e']) await running.create(vmId);
    for (const vmId of ['a', 'b', 'c']) seen.push(await keyOf(running, vmId));
    await making;
    expect(seen).toEqual(keys);
    for (const one of [running, beside]) await one.close();
    const alone = await openAt(dir, fresh);
    expect(await Promise.all(['a', 'b', 'c'].map((vmId) => keyOf(alone, vmId)))).toEqual(keys);
    expect((await alone.status()).keys).toBe(5);
  });

  test('given word of a program that was killed / when the vault is opened / then nobody waits for it', async () => {
    const { dir, old, fresh, vault } = await made();
    const [left = ''] = (await readdir(dir)).filter((name) => name.startsWith('open-'));
    const word = await readFile(join(dir, left), 'utf8');
    await vault.close();
    await writeFile(join(dir, left), word.replace(/"startTicks":"\d+"/, '"startTicks":"1"'));
    const next = await openAt(dir, fresh, [old]);
    expect((await next.status()).missingKeks).toEqual([]);
    await rm(join(dir, left), { force: true });
  });

  test('given a key that is destroyed while the vault key changes / then it stays destroyed', async () => {
    const { dir, fresh, vault } = await made();
    await Promise.all([vault.rotate(fresh), vault.destroy('b'), vault.destroy('c')]);
    expect((await readdir(dir)).filter((name) => name.includes('.key'))).toEqual(['a.key']);
    await expect(keyOf(vault, 'b')).rejects.toMatchObject({ code: 'key-destroyed' });
  });
});
