import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openVaultDirectory } from './index.ts';
import { keyOf, networkId, openAt, vaultDir } from './vault.fixture.ts';

let bundleDir = '';
let script = '';

// One file: a child that has to find and strip a hundred sources takes longer to start than all it does.
beforeAll(async () => {
  bundleDir = await mkdtemp(join(tmpdir(), 'hcc-vault-child-'));
  script = join(bundleDir, 'child.mjs');
  const entry = fileURLToPath(new URL('./vault-child.fixture.ts', import.meta.url));
  const form = { bundle: true, platform: 'node', format: 'esm' } as const;
  await build({ ...form, conditions: ['hcc-source'], entryPoints: [entry], outfile: script });
});
afterAll(() => rm(bundleDir, { recursive: true, force: true }));
/** More steps than any of these works has; the last run of each is the one that nobody killed. */
const stepsMax = 80;

type Ended = 'killed' | 'done';

const childRun = (args: readonly string[]): Promise<Ended> =>
  new Promise((resolve, reject) => {
    execFile(process.execPath, [script, ...args], (error, stdout, stderr) => {
      if (error === null && stdout === 'done') resolve('done');
      else if (error?.signal === 'SIGKILL') resolve('killed');
      else reject(new Error(`the child failed: ${stderr}`));
    });
  });

/** A vault with two keys; `at` runs the work in a copy of it that dies before step n. */
const made = async () => {
  const [dir, old, fresh] = [await vaultDir(), randomBytes(32), randomBytes(32)];
  const vault = await openVaultDirectory({ dir, networkId, kek: old, random: randomBytes });
  for (const vmId of ['a', 'b']) await vault.create(vmId);
  const keys = { a: await keyOf(vault, 'a'), b: await keyOf(vault, 'b') };
  await vault.close();
  const at = async (n: number, what: string): Promise<{ readonly copy: string; readonly ended: Ended }> => {
    const copy = await vaultDir();
    await cp(dir, copy, { recursive: true });
    const ended = await childRun([String(n), copy, networkId, what, ...[old, fresh].map((kek) => kek.toString('hex'))]);
    return { copy, ended };
  };
  return { old, fresh, keys, at };
};

/** Runs the work once for each step it can die at, two at a time, and once to its end; how often it died. */
const everyStep = async (run: (n: number) => Promise<Ended>): Promise<number> => {
  for (let n = 1; n < stepsMax; n += 2) {
    const ended = await Promise.all([run(n), run(n + 1)]);
    const first = ended.indexOf('done');
    if (first >= 0) return n + first - 1;
  }
  throw new Error(`it was killed ${stepsMax} times and never came to its end`);
};

describe('a vault whose process is killed', () => {
  test('while it makes a key / then there is a whole key or none, and the next try makes or finds it', async () => {
    const { old, keys, at } = await made();
    const deaths = await everyStep(async (n) => {
      const { copy, ended } = await at(n, 'create');
      const vault = await openAt(copy, old);
      await vault.create('new');
      expect(await keyOf(vault, 'new')).toMatch(/^[0-9a-f]{128}$/);
      expect([await keyOf(vault, 'a'), await keyOf(vault, 'b')]).toEqual([keys.a, keys.b]);
      return ended;
    });
    expect(deaths).toBeGreaterThan(5);
  });

  test('while it destroys a key / then the next try ends it, and no file of that key is left', async () => {
    const { old, keys, at } = await made();
    const deaths = await everyStep(async (n) => {
      const { copy, ended } = await at(n, 'destroy');
      const vault = await openAt(copy, old);
      expect(await vault.destroy('a')).toEqual({ keyVersion: 1 });
      expect((await readdir(copy)).filter((name) => name.startsWith('a.key'))).toEqual([]);
      await expect(vault.create('a')).rejects.toMatchObject({ code: 'key-destroyed' });
      expect(await keyOf(vault, 'b')).toBe(keys.b);
      return ended;
    });
    expect(deaths).toBeGreaterThan(8);
  });

  test('while its key is changed / then whoever has both keys reads every key, and the next try ends the change', async () => {
    const { old, fresh, keys, at } = await made();
    const deaths = await everyStep(async (n) => {
      const { copy, ended } = await at(n, 'rotate');
      const vault = await openAt(copy, fresh, [old]);
      expect([await keyOf(vault, 'a'), await keyOf(vault, 'b')]).toEqual([keys.a, keys.b]);
      expect(await vault.rotate(fresh)).toEqual({ done: 2, total: 2 });
      await vault.close();
      const alone = await openAt(copy, fresh);
      expect([await keyOf(alone, 'a'), await keyOf(alone, 'b')]).toEqual([keys.a, keys.b]);
      expect((await alone.status()).missingKeks).toEqual([]);
      return ended;
    });
    expect(deaths).toBeGreaterThan(12);
  });
});
