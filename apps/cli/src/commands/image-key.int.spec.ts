import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { openImageKey, signVaultAnnouncement, vaultSealingKey } from '#sealing';
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

/** A network, and the key of its vault. */
const networkId = 'n';
const network = generateKeyPairSync('ed25519');
const networkPub = network.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const vaultKey = vaultSealingKey(randomBytes(64), networkId);
const known = ['--network-key', 'network.pub'] as const;

/** What the vault finds in a request. */
const openedBy = async (body: string | undefined, imageDigest: string): Promise<string> => {
  const key = await openImageKey(JSON.parse(body ?? ''), await vaultKey, { networkId, imageDigest, accountId });
  return Buffer.from(key).toString('hex');
};

/** A machine whose owner has encrypted a root file system, and was given the public key of their network. */
const given = async (routes: Readonly<Record<string, Route>> = {}) => {
  const machine = await machineWith(routes);
  await writeFile(machine.path('root.ext4'), root);
  await writeFile(machine.path('web.key'), key, { mode: 0o600 });
  machine.write('network.pub', networkPub);
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
/** Answers as a network does, with whatever of it changed. */
const announcing =
  (change: { networkId?: string; nonce?: Buffer; privateKey?: typeof network.privateKey } = {}): Route =>
  async (asked, answer) => {
    const nonce = change.nonce ?? Buffer.from(asked.query.get('nonce') ?? '', 'hex');
    const of = { networkId: change.networkId ?? networkId, nonce, key: await vaultKey };
    const announcement = signVaultAnnouncement(of, change.privateKey ?? network.privateKey);
    json({ announcement })(asked, answer);
  };
const server = (state = 'kept') => ({
  'GET /v1/whoami': json({
    role: 'owner',
    accountId,
    tokenId: 't',
    network: { id: networkId, name: 'n', kind: 'simulated' },
  }),
  'POST /v1/images': json(accepted, 202),
  'GET /v1/images': json({ items: [shown(digest, state)] }),
  [`GET /v1/images/${digest}`]: json(shown(digest, state)),
  [`POST /v1/images/${digest}/key`]: json(accepted, 202),
  'GET /v1/vault/sealing-key': announcing(),
  [`DELETE /v1/images/${digest}/key`]: json({ ...accepted, events: ['ImageKeyWithdrawn'] }, 202),
});

const isNowhere = (text: string): void => {
  for (const form of ['hex', 'base64', 'latin1'] as const) expect(text).not.toContain(key.toString(form).slice(0, 40));
};

describe('hcc image import of an encrypted volume', () => {
  test('makes a sealed image of its ciphertext, and registers it as its owner’s, with its header and then its key', async () => {
    const { importIt, path, api, headerSha256 } = await given(server());
    const ran = await importIt(...known);
    // The digest is not known before: the fake server knows another image, and the first ask about this one ends it.
    expect(ran.err).toMatch(/\/key here/);
    const [registered, keyed] = api.asked.filter(({ method }) => method === 'POST');
    const body = JSON.parse(registered?.body ?? '');
    expect(body).toMatchObject({ private: { accountId, headerSha256 }, manifest: { name: 'web', manifestVersion: 3 } });
    expect(body.manifest.rootfs.bytes).toBe(1024 * 1024 + root.length);
    expect(keyed?.path).toBe(`/v1/images/${body.digest}/key`);
    expect(await openedBy(keyed?.body, body.digest)).toBe(key.toString('hex'));
    isNowhere(ran.out + ran.err + path('.'));
    isNowhere(JSON.stringify(api.asked.map(({ query, ...asked }) => [asked, [...query]])));
  });

  test('given nothing that says which key the network has / then nothing is made, asked or sent', async () => {
    const { importIt, api } = await given(server());
    const ran = await importIt();
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('which key the network at')]);
    expect(api.asked).toEqual([]);
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
  const put = ['image', 'key', 'put', 'web', '--key-file', 'web.key'] as const;
  /** Nothing of the key went anywhere, and nobody was given one in any form. */
  const keptHere = ({ api }: Awaited<ReturnType<typeof given>>, said: string): void => {
    expect(api.asked.filter(({ method }) => method === 'POST')).toEqual([]);
    isNowhere(said + JSON.stringify(api.asked));
  };

  test('put seals the key to the vault that the network announces, and says where it is', async () => {
    const { hcc, api } = await given(server());
    const ran = await hcc(...put, ...known);
    expect(ran.out, ran.err).toMatch(/key +in the vault/);
    const asked = api.asked.find(({ path }) => path.endsWith('/key'));
    expect(await openedBy(asked?.body, digest)).toBe(key.toString('hex'));
    isNowhere(ran.out + ran.err + JSON.stringify(api.asked.map(({ query, ...one }) => [one, [...query]])));
    const nonces = api.asked.flatMap(({ query }) => query.get('nonce') ?? []);
    expect(nonces).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    expect((await hcc('image', 'ls')).out).toMatch(/private, of 22222222/);
  });

  test('put takes the key of the network as 64 digits too', async () => {
    const { hcc, api } = await given(server());
    const hex = Buffer.from(network.publicKey.export({ format: 'raw-public' })).toString('hex');
    expect(await hcc(...put, '--network-key', hex)).toMatchObject({ code: 0 });
    expect(await openedBy(api.asked.find(({ method }) => method === 'POST')?.body, digest)).toBe(key.toString('hex'));
  });

  test('put takes the key of a cluster of this home from there, and of no other cluster', async () => {
    const machine = await given(server());
    const { hcc, api, write } = machine;
    write('.hcc/network.pub', networkPub);
    const elsewhere = await hcc(...put);
    expect([elsewhere.code, elsewhere.err]).toEqual([2, expect.stringContaining('is not of this machine')]);
    keptHere(machine, elsewhere.err);
    write('.hcc/cluster.json', JSON.stringify({ url: api.url, pid: 1, startedAt: '2026-01-01T00:00:00.000Z' }));
    expect(await hcc(...put)).toMatchObject({ code: 0 });
  });

  test('put asks nobody which network it is, and says what to give and where that is from', async () => {
    const machine = await given(server());
    const ran = await machine.hcc(...put);
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/--network-key FILE[\s\S]*ask its operator[\s\S]*network\.pub/);
    keptHere(machine, ran.out + ran.err);
    expect(machine.api.asked).toEqual([]);
    const wrong = await machine.hcc(...put, '--network-key', 'web.key');
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('no public key of a network')]);
    keptHere(machine, wrong.out + wrong.err);
  });

  test.each([
    ['another network signed', { privateKey: generateKeyPairSync('ed25519').privateKey }, 'message-signature'],
    ['is of an earlier question', { nonce: randomBytes(32) }, 'message-other'],
    ['is of another network', { networkId: 'other' }, 'message-other'],
  ])('put hands no key to what %s', async (_what, change, code) => {
    const machine = await given({ ...server(), 'GET /v1/vault/sealing-key': announcing(change) });
    const ran = await machine.hcc(...put, ...known, '--json');
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.out).error).toMatchObject({ code, fix: expect.stringContaining('tell its operator') });
    keptHere(machine, ran.out + ran.err);
  });

  test('put hands no key to a server that has no such thing, or anything else to say', async () => {
    for (const route of [undefined, json({ announcement: 'trust me' }), json({ key: 'AAAA' })]) {
      const { 'GET /v1/vault/sealing-key': _, ...others } = server();
      const machine = await given(route === undefined ? others : { ...others, 'GET /v1/vault/sealing-key': route });
      const ran = await machine.hcc(...put, ...known);
      expect(ran.code, ran.err).not.toBe(0);
      keptHere(machine, ran.out + ran.err);
    }
  });

  test('put sends no token in the clear over a network', async () => {
    const { hcc } = await given(server());
    const ran = await hcc(
      '--url',
      'http://192.0.2.1:7070',
      'image',
      'key',
      'put',
      digest,
      '--key-file',
      'web.key',
      ...known,
    );
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
