import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { dirname } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openVaultDirectory } from '#adapters/vault';
import { sealingKeyHolder } from '#events';
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

/** What is synced and renamed while something is done, in that order. */
const written = async <Result>(work: () => Promise<Result>) => {
  const steps: string[] = [];
  const { open, rename } = fs;
  Object.assign(fs, {
    open: async (...given: Parameters<typeof open>) => {
      const file = await open(...given);
      const sync = file.sync.bind(file);
      const noted = () => {
        steps.push(`sync ${given[0]}`);
        return sync();
      };
      return Object.assign(file, { sync: noted });
    },
    rename: (...given: Parameters<typeof rename>) => {
      steps.push(`rename ${given[1]}`);
      return rename(...given);
    },
  });
  syncBuiltinESMExports();
  try {
    return { result: await work(), steps };
  } finally {
    Object.assign(fs, { open, rename });
    syncBuiltinESMExports();
  }
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

  test('given a vault whose own key was asked for / when it is asked about and rotated / then that one is counted, named and wrapped anew', async () => {
    const { hcc, open } = await home();
    const vault = await open();
    await vault.create(sealingKeyHolder);
    await vault.close();
    expect((await hcc('vault', 'status')).out).toMatch(/3 keys, 1 destroyed\none of them is the vault's own/);
    expect(JSON.parse((await hcc('vault', 'status', '--json')).out)).toMatchObject({ keys: 3, hasSealingKey: true });
    expect(JSON.parse((await hcc('vault', 'rotate', '--json')).out)).toMatchObject({ done: 3, total: 3 });
  });

  test("given a vault whose own key was changed / when it is asked about / then the file's owner is named, with what to do", async () => {
    const { hcc, open, path } = await home();
    const vault = await open();
    await vault.create(sealingKeyHolder);
    await vault.close();
    writeFileSync(path('.hcc', 'vault', `${sealingKeyHolder}.key`), '{}');
    const { code, err } = await hcc('vault', 'status');
    expect([code, err]).toEqual([1, expect.stringContaining('or remove it: another is made')]);
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

  test('when it is rotated / then the other key is on the disk, file and name, before the first key is wrapped under it', async () => {
    const { hcc, path } = await home();
    const [secrets, made, vault] = [
      path('.hcc', 'secrets'),
      path('.hcc', 'secrets', 'vault.key.new'),
      path('.hcc', 'vault'),
    ];
    const ran = await written(() => hcc('vault', 'rotate'));
    expect(ran.result.code).toBe(0);
    const secret = ran.steps.filter((step) => step.includes(secrets));
    const inVault = ran.steps.findIndex((step) => step.includes(`${vault}/`));
    const safe = ran.steps.indexOf(`sync ${secrets}`, ran.steps.indexOf(`rename ${made}`));
    expect(secret.slice(0, 3)).toEqual([`sync ${made}.part`, `rename ${made}`, `sync ${secrets}`]);
    expect([safe < inVault, inVault >= 0]).toEqual([true, true]);
    expect(secret.slice(-2), 'the old one goes last').toEqual([
      `rename ${path('.hcc', 'secrets', 'vault.key')}`,
      `sync ${secrets}`,
    ]);
  });

  test('given another key that is there already, of a run that was killed or of a person / when it is rotated / then that is put on the disk first', async () => {
    const { hcc, path, write } = await home();
    for (const [file, ...flags] of [
      [path('.hcc', 'secrets', 'vault.key.new')],
      [path('own.key'), '--new-key-file', path('own.key')],
    ] as const) {
      write(file.slice(path('.').length + 1), `${randomBytes(32).toString('hex')}\n`);
      const { steps, result } = await written(() => hcc('vault', 'rotate', ...flags));
      expect([result.code, steps.slice(0, 2)], result.err).toEqual([0, [`sync ${file}`, `sync ${dirname(file)}`]]);
    }
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
