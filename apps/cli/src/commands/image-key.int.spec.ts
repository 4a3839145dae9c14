import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { json, type Route } from '../../../../test/cli/fake-api.ts';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';

afterEach(cleanUp);

const accountId = '22222222-2222-4222-8222-222222222222';
const key = randomBytes(64);
const root = randomBytes(40 * 4096);
// What an ext4 file system has there.
root.writeUInt16LE(0xef53, 1080);
const boot = randomBytes(5_000);
const named = ['--kernel', 'k', '--initrd', 'i', '--name', 'web'] as const;

/** A machine whose owner has encrypted a root file system. */
const given = async (routes: Readonly<Record<string, Route>> = {}) => {
  const machine = await machineWith(routes);
  await writeFile(machine.path('root.ext4'), root);
  await writeFile(machine.path('web.key'), key, { mode: 0o600 });
  for (const name of ['k', 'i']) await writeFile(machine.path(name), boot);
  const encrypt = ['image', 'encrypt', 'root.ext4', '--out', 'web.luks', '--key-file', 'web.key'];
  const { code, err, out } = await machine.hcc(...encrypt, '--kdf-memory', '32MiB', '--json');
  expect(code, err).toBe(0);
  const importIt = (...more: readonly string[]) =>
    machine.hcc('image', 'import', 'web.luks', '--sealed', '--key-file', 'web.key', ...named, ...more);
  return { ...machine, importIt, headerSha256: JSON.parse(out).header.headerDigest as string };
};

/** What a server says of any image: private, its key as given. */
const shown = (digest: string, state: string) => ({
  digest,
  manifest: { name: 'web', version: '1', architecture: 'x86_64', sshUser: 'root', minMemoryBytes: 536_870_912 },
  private: { accountId, headerSha256: 'ef'.repeat(32), key: state },
  offered: true,
});
const digest = 'ab'.repeat(32);
const accepted = { stream: 'image-x', revision: '1', position: 'p1', events: ['ImageKeyKept'] };
const server = (state = 'kept') => ({
  'GET /v1/whoami': json({
    role: 'owner',
    accountId,
    tokenId: 't',
    network: { id: 'n', name: 'n', kind: 'simulated' },
  }),
  'POST /v1/images': json(accepted, 202),
  'GET /v1/images': json({ items: [shown(digest, state)] }),
  [`GET /v1/images/${digest}`]: json(shown(digest, state)),
  [`POST /v1/images/${digest}/key`]: json(accepted, 202),
  [`DELETE /v1/images/${digest}/key`]: json({ ...accepted, events: ['ImageKeyWithdrawn'] }, 202),
});

const isNowhere = (text: string): void => {
  for (const form of ['hex', 'base64', 'latin1'] as const) expect(text).not.toContain(key.toString(form).slice(0, 40));
};

describe('hcc image import of an encrypted volume', () => {
  test('makes a sealed image of its ciphertext, and registers it as its owner’s, with its header and then its key', async () => {
    const { importIt, path, api, headerSha256 } = await given(server());
    const ran = await importIt();
    // The digest is not known before: the fake server knows another image, and the first ask about this one ends it.
    expect(ran.err).toMatch(/\/key here/);
    const [, registered, keyed] = api.asked;
    const body = JSON.parse(registered?.body ?? '');
    expect(body).toMatchObject({ private: { accountId, headerSha256 }, manifest: { name: 'web', manifestVersion: 3 } });
    expect(body.manifest.rootfs.bytes).toBe(1024 * 1024 + root.length);
    expect(keyed?.path).toBe(`/v1/images/${body.digest}/key`);
    expect(JSON.parse(keyed?.body ?? '')).toEqual({ key: key.toString('base64') });
    isNowhere(ran.out + ran.err + path('.'));
    const others = api.asked.filter((asked) => asked !== keyed);
    isNowhere(JSON.stringify(others));
  });

  test('refuses what no guest would open, while its owner is there to mend it', async () => {
    const { hcc, importIt, path } = await given();
    await writeFile(path('other.key'), randomBytes(64), { mode: 0o600 });
    await writeFile(path('short.key'), randomBytes(32), { mode: 0o600 });
    const what = ['image', 'import', 'web.luks', '--sealed', '--no-register', ...named];
    const wrong = [
      [[...what, '--key-file', 'other.key'], 1, 'this key does not open the keyslot'],
      [[...what, '--key-file', 'short.key'], 2, '64 random bytes'],
      [what, 1, '--sealed --key-file'],
      [['image', 'import', 'web.luks', '--key-file', 'web.key', ...named], 2, '--sealed'],
      [['image', 'import', 'root.ext4', '--sealed', '--key-file', 'web.key', ...named], 2, 'no LUKS volume'],
    ] as const;
    for (const [args, code, said] of wrong) {
      const ran = await hcc(...args);
      expect([ran.code, ran.err], args.join(' ')).toEqual([code, expect.stringContaining(said)]);
      isNowhere(ran.out + ran.err);
    }
    const kept = await importIt('--no-register', '--json');
    expect(JSON.parse(kept.out), kept.err).toMatchObject({ registered: false, private: null });
  });

  test('refuses a volume whose keyslot takes more memory than a small guest has, or holds no root file system', async () => {
    const { hcc, path } = await given();
    const encrypt = (disk: string, out: string, memory: string) =>
      hcc('image', 'encrypt', disk, '--out', out, '--key-file', 'web.key', '--kdf-memory', memory);
    await writeFile(path('noise'), Buffer.alloc(8 * 4096, 7));
    expect((await encrypt('noise', 'noise.luks', '32MiB')).code).toBe(0);
    expect((await encrypt('root.ext4', 'greedy.luks', '129MiB')).code).toBe(0);
    for (const [disk, said] of [
      ['noise.luks', 'no ext4 file system'],
      ['greedy.luks', 'memory of Argon2id'],
    ] as const) {
      const ran = await hcc('image', 'import', disk, '--sealed', '--key-file', 'web.key', '--no-register', ...named);
      expect([ran.code, ran.err]).toEqual([2, expect.stringContaining(said)]);
    }
  });
});

describe('hcc image key', () => {
  test('put hands the key over, and says where it is', async () => {
    const { hcc, api } = await given(server());
    const ran = await hcc('image', 'key', 'put', 'web', '--key-file', 'web.key');
    expect(ran.out, ran.err).toMatch(/key +in the vault/);
    const asked = api.asked.find(({ path }) => path.endsWith('/key'));
    expect(JSON.parse(asked?.body ?? '')).toEqual({ key: key.toString('base64') });
    isNowhere(ran.out + ran.err);
    expect((await hcc('image', 'ls')).out).toMatch(/private, of 22222222/);
  });

  test('put sends no key in the clear over a network', async () => {
    const { hcc } = await given(server());
    const ran = await hcc('--url', 'http://192.0.2.1:7070', 'image', 'key', 'put', digest, '--key-file', 'web.key');
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('wanted an https address');
    isNowhere(ran.out + ran.err);
  });

  test('withdraw asks first, and then says that the key is gone', async () => {
    const { hcc, api } = await given(server('withdrawn'));
    expect(await hcc('image', 'key', 'withdraw', 'web')).toMatchObject({
      ...{ code: 2, err: expect.stringContaining('--yes') },
    });
    const ran = await hcc('image', 'key', 'withdraw', 'web', '--reason', 'it leaked', '--yes');
    expect(ran.out, ran.err).toMatch(/key +withdrawn/);
    expect(JSON.parse(api.asked.find(({ method }) => method === 'DELETE')?.body ?? '')).toEqual({
      reason: 'it leaked',
    });
  });
});
