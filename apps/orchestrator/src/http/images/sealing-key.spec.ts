import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createMemoryEventStore, createMemoryKeyVault } from '#adapters/memory';
import { openVaultDirectory } from '#adapters/vault';
import { contentDigest, type KeyVault, sealingKeyHolder } from '#events';
import { openVaultAnnouncement, sealImageKey } from '#sealing';
import { boot, furnished, type Json } from '../../../../../test/orchestrator/booted.ts';
import { announcedTo, sealedToVault } from '../../../../../test/orchestrator/sealed-to-vault.ts';
import { manifest } from '../../../../../test/orchestrator/told.ts';

const verity = { rootHash: 'ab'.repeat(32), salt: 'cd', dataBlocks: 1, tree: manifest.rootfs };
const privateManifest = { ...manifest, name: 'mine', verity };
const digest = contentDigest(privateManifest);
const at = `/v1/images/${digest}/key`;

/** An owner with a private image, at a door in front of a vault. */
const given = async (vault: KeyVault = createMemoryKeyVault(randomBytes)) => {
  const said: Json[] = [];
  const api = await boot({ vault, log: (...line) => void said.push(line) });
  const mine = await furnished(api);
  const { accountId, owner: token } = mine;
  const body = { digest, manifest: privateManifest, private: { accountId, headerSha256: 'ef'.repeat(32) } };
  await api.must('POST', '/v1/images', { token, body });
  const put = (sealed: unknown) => api.call('POST', at, { token, body: sealed });
  const announcement = (nonce: string, as = token) =>
    api.call('GET', `/v1/vault/sealing-key?nonce=${nonce}`, { token: as });
  return { api, mine, put, announcement, said, vault };
};

/** A vault in a directory, and that directory. */
const inDirectory = async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-sealing-key-'));
  const vault = await openVaultDirectory({ dir, networkId: 'n', kek: randomBytes(32), random: randomBytes });
  onTestFinished(async () => {
    await vault.close();
    await rm(dir, { recursive: true, force: true });
  });
  return { dir, vault, file: join(dir, `${sealingKeyHolder}.key`) };
};

const problem = (status: number, code: string) => ({
  ...{ status, body: { code, type: `urn:hcc:problem:${code}`, title: expect.any(String), fix: expect.any(String) } },
});

describe('the key that keys of images are sealed to', () => {
  it('given an owner, then it is announced over their own nonce, the same to everybody and at every time, and to owners alone', async () => {
    const { api, mine, announcement } = await given();
    const [one, again] = [await announcedTo(api, mine.owner), await announcedTo(api, (await furnished(api)).owner)];
    expect(one.keySha256).toBe(again.keySha256);
    const nonce = randomBytes(32);
    const { body } = await announcement(nonce.toString('hex'));
    const { networkId } = one;
    expect(() =>
      openVaultAnnouncement(body.announcement, api.networkKey, { networkId, nonce: randomBytes(32) }),
    ).toThrow(expect.objectContaining({ code: 'message-other' }));
    expect(await announcement(nonce.toString('hex'), api.operator)).toMatchObject(problem(403, 'forbidden'));
    for (const wrong of ['', 'ab', 'zz'.repeat(32), 'AB'.repeat(32), 'ab'.repeat(33)]) {
      expect(await announcement(wrong), wrong).toMatchObject(problem(400, 'invalid-request'));
    }
  });

  it('given two servers of one network that ask one vault for its key at once, then both announce the same one, made once', async () => {
    const { dir, vault } = await inDirectory();
    const same = { vault, store: createMemoryEventStore(), heads: { key: generateKeyPairSync('ed25519').privateKey } };
    const boots = [1, 2].map((n) => boot({ ...same, heads: { ...same.heads, file: join(dir, `heads-${n}`) } }));
    const [one, other] = [await boots[0], await boots[1]];
    if (one === undefined || other === undefined) throw new Error('two servers were asked for');
    const { owner } = await furnished(one);
    await expect.poll(async () => (await other.call('GET', '/v1/whoami', { token: owner })).status).toBe(200);
    const keys = await Promise.all([one, other, one].map((api) => announcedTo(api, owner)));
    expect(new Set(keys.map(({ keySha256 }) => keySha256)).size).toBe(1);
    expect((await readdir(dir)).filter((name) => name.endsWith('.key'))).toEqual([`${sealingKeyHolder}.key`]);
  });

  it('given a vault whose key was made anew, when a key comes that was sealed to the one before, then that is what is said, and the next one is taken', async () => {
    const { file, vault } = await inDirectory();
    const { api, mine, put } = await given(vault);
    const before = await sealedToVault(api, mine, digest, randomBytes(64));
    await rm(file);
    const stale = problem(409, 'image-key-sealed-to-other');
    expect(await put(before), 'none is made yet').toMatchObject(stale);
    const now = await sealedToVault(api, mine, digest, randomBytes(64));
    expect(await put(before)).toMatchObject(stale);
    expect(await put(now)).toMatchObject({ status: 202, body: { events: ['ImageKeyKept'] } });
  });

  it('given a file of it that was changed, then it is neither used nor replaced, the log says which one it is, and no answer does', async () => {
    const { file, dir, vault } = await inDirectory();
    const { api, mine, put, announcement, said } = await given(vault);
    const sealed = await sealedToVault(api, mine, digest, randomBytes(64));
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace(/"wrapped":"..../, '"wrapped":"AAAA'));
    const damaged = await readFile(file, 'utf8');
    const answers = [await announcement('ab'.repeat(32)), await put(sealed)];
    for (const answer of answers) expect(answer).toMatchObject(problem(503, 'vault-key-unusable'));
    expect(JSON.stringify(answers.map(({ body }) => body))).not.toContain(dir);
    const told = said.map(([, , fields]) => fields?.error?.cause?.message).filter((message) => message !== undefined);
    expect(told.join()).toMatch(/the key file of the vault itself was changed.*remove it/);
    expect(await readFile(file, 'utf8')).toBe(damaged);
    await writeFile(file, text);
    expect(await put(sealed)).toMatchObject({ status: 202 });
  });

  it('given a key that is sealed for another image or account, changed on its way, too long or in another suite, then each is refused by its code and the vault has none', async () => {
    const { api, mine, put, vault } = await given();
    const announced = await announcedTo(api, mine.owner);
    const key = randomBytes(64);
    const mineIs = { imageDigest: digest, accountId: mine.accountId };
    const good = await sealImageKey(key, announced, mineIs);
    const elsewhere = { ...mineIs, imageDigest: 'cd'.repeat(32) };
    const others = { ...mineIs, accountId: (await furnished(api)).accountId };
    const changed = Buffer.from(good.ciphertext, 'base64');
    changed.writeUInt8(changed.readUInt8(0) ^ 1, 0);
    const wrong = [
      [await sealImageKey(key, announced, elsewhere), 422, 'image-key-unopened'],
      [await sealImageKey(key, announced, others), 422, 'image-key-unopened'],
      [{ ...good, ciphertext: changed.toString('base64') }, 422, 'image-key-unopened'],
      [{ ...good, ciphertext: Buffer.alloc(64).toString('base64') }, 422, 'image-key-length'],
      [{ ...good, suite: 'x25519/hkdf-sha256/aes-256-gcm' }, 422, 'image-key-suite-unknown'],
      [{ ...good, keySha256: '00'.repeat(32) }, 409, 'image-key-sealed-to-other'],
      [{ ...good, enc: Buffer.alloc(1_121).toString('base64') }, 400, 'invalid-request'],
      [{ ...good, ciphertext: Buffer.alloc(600).toString('base64') }, 400, 'invalid-request'],
      [{ ...good, accountId: mine.accountId }, 400, 'invalid-request'],
    ] as const;
    for (const [sealed, status, code] of wrong) expect(await put(sealed), code).toMatchObject(problem(status, code));
    expect(await vault.status()).toMatchObject({ keys: 1, hasSealingKey: true });
    expect(await put(good)).toMatchObject({ status: 202 });
  });

  it('given a key that is opened, when it is kept or refused, then the copy of it is overwritten', async () => {
    const seen: Uint8Array[] = [];
    const inner = createMemoryKeyVault(randomBytes);
    const vault: KeyVault = {
      ...inner,
      keep: (holder, key) => {
        seen.push(key);
        return inner.keep(holder, key);
      },
    };
    const { api, mine, put } = await given(vault);
    for (let n = 0; n < 2; n += 1) await put(await sealedToVault(api, mine, digest, randomBytes(64)));
    expect(seen.map((key) => [key.length, key.every((byte) => byte === 0)])).toEqual([
      [64, true],
      [64, true],
    ]);
  });
});
