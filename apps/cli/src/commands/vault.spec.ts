import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openVaultDirectory } from '#adapters/vault';
import { fakeMachine } from '../../../../test/cli/fake-machine.ts';

const networkId = randomUUID();

/** A home whose vault has two keys and the mark of a third. */
const home = async () => {
  const machine = fakeMachine();
  onTestFinished(machine.remove);
  const [dir, file] = [machine.path('.hcc', 'vault'), machine.path('.hcc', 'secrets', 'vault.key')];
  machine.write('.hcc/secrets/vault.key', `${randomBytes(32).toString('hex')}\n`);
  const open = (kek = readFileSync(file, 'utf8')) =>
    openVaultDirectory({ dir, networkId, random: randomBytes, kek: Buffer.from(kek.trim(), 'hex') });
  const vmIds = [randomUUID(), randomUUID(), randomUUID()] as const;
  const vault = await open();
  for (const vmId of vmIds) await vault.create(vmId);
  await vault.destroy(vmIds[2]);
  const keyOf = async (): Promise<string> => {
    const opened = await open();
    const key = await opened.withKey(vmIds[0], async (bytes) => Buffer.from(bytes).toString('hex'));
    await opened.close();
    return key;
  };
  const before = await vault.withKey(vmIds[0], async (bytes) => Buffer.from(bytes).toString('hex'));
  await vault.close();
  return { ...machine, open, file, before, keyOf };
};

describe('hcc vault', () => {
  test('given a vault / when it is asked about / then it says how many keys, under what, and shows none', async () => {
    const { hcc, before, file } = await home();
    const { code, out } = await hcc('vault', 'status', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ ok: true, keys: 2, destroyed: 1, missingKeks: [] });
    expect((await hcc('vault', 'status')).out).toMatch(/2 keys, 1 destroyed\n.*\n2 under [0-9a-f]{16}\n$/);
    for (const secret of [before, readFileSync(file, 'utf8').trim()]) expect(out).not.toContain(secret);
  });

  test('when it is rotated / then every key is the same under another one, which this home has from now on', async () => {
    const { hcc, before, keyOf, file, open } = await home();
    const old = readFileSync(file, 'utf8');
    const { code, out } = await hcc('vault', 'rotate', '--json');
    expect([code, JSON.parse(out)]).toMatchObject([0, { ok: true, done: 2, total: 2 }]);
    expect(readFileSync(file, 'utf8')).not.toBe(old);
    expect(await keyOf()).toBe(before);
    await expect(open(old)).rejects.toMatchObject({ code: 'kek-unusable' });
  });

  test('given a rotation that stopped before its last step / when it is repeated / then it is taken up again', async () => {
    const { hcc, before, keyOf, file, path } = await home();
    const old = readFileSync(file, 'utf8');
    await hcc('vault', 'rotate');
    renameSync(file, path('.hcc', 'secrets', 'vault.key.new'));
    writeFileSync(file, old, { mode: 0o600 });
    expect((await hcc('vault', 'status')).err).toContain('is under the key');
    expect(await hcc('vault', 'rotate')).toMatchObject({ code: 0 });
    expect(await keyOf()).toBe(before);
  });

  test('given a program that has it open under the present key / when it is rotated / then that one is named, and nothing changes', async () => {
    const { hcc, open, keyOf, before } = await home();
    const vault = await open();
    const { code, err } = await hcc('vault', 'rotate');
    expect([code, err]).toEqual([1, expect.stringContaining(`process ${process.pid} has the vault`)]);
    await vault.close();
    expect(await keyOf()).toBe(before);
  });

  test('given no vault, a key of nothing, or no other key / then that is what is said', async () => {
    const { hcc, write } = await home();
    const nowhere = await hcc('vault', 'status', '--dir', 'elsewhere');
    expect([nowhere.code, nowhere.err]).toEqual([1, expect.stringContaining('there is no vault in')]);
    write('own.key', `${randomBytes(32).toString('hex')}\n`);
    expect((await hcc('vault', 'status', '--key-file', 'own.key')).err).toContain('is under the key');
    const unsaid = await hcc('vault', 'rotate', '--key-file', 'own.key');
    expect([unsaid.code, unsaid.err]).toEqual([2, expect.stringContaining('--new-key-file')]);
    const both = await hcc('vault', 'status', '--key-file', 'own.key', '--key-command', '["cat"]');
    expect([both.code, both.err]).toEqual([2, expect.stringContaining('give one of them')]);
  });

  test('given a program that writes the key, then that is asked', async () => {
    const { hcc, file } = await home();
    const { code, out } = await hcc('vault', 'status', '--key-command', JSON.stringify(['cat', file]));
    expect([code, out]).toEqual([0, expect.stringContaining('2 keys')]);
    const words = await hcc('vault', 'status', '--key-command', `cat ${file}`);
    expect([words.code, words.err]).toEqual([2, expect.stringContaining('["/path/to/program","argument"]')]);
  });
});
