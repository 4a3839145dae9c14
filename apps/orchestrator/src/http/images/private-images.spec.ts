import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createMemoryKeyVault } from '#adapters/memory';
import { contentDigest, imageKeyHolder, streamName } from '#events';
import { type Booted, boot, furnished, type Json, newId } from '../../../../../test/orchestrator/booted.ts';
import { sealedToVault } from '../../../../../test/orchestrator/sealed-to-vault.ts';
import { manifest } from '../../../../../test/orchestrator/told.ts';

const verity = { rootHash: 'ab'.repeat(32), salt: 'cd', dataBlocks: 1, tree: manifest.rootfs };
const privateManifest = { ...manifest, name: 'mine', verity };
const digest = contentDigest(privateManifest);
const headerSha256 = 'ef'.repeat(32);

/** A door with two accounts and a log of what it says; a private image of the first. */
const opened = async () => {
  const said: Json[] = [];
  const vault = createMemoryKeyVault(randomBytes);
  const api = await boot({ vault, log: (...line) => void said.push(line) });
  const [mine, theirs] = [await furnished(api), await furnished(api)];
  const body = { digest, manifest: privateManifest, private: { accountId: mine.accountId, headerSha256 } };
  await api.must('POST', '/v1/images', { token: mine.owner, body });
  const holder = imageKeyHolder(digest, mine.accountId);
  return { api, vault, mine, theirs, body, holder, said };
};

/** Errors with their causes too. */
const allOfIt = { depth: null, maxStringLength: null, maxArrayLength: null } as const;

const create = ({ call }: Booted, { accountId, owner }: { accountId: string; owner: string }) =>
  call('POST', '/v1/vms', {
    token: owner,
    body: { vmId: newId(), accountId, name: 'web', flavorId: 'small', imageDigest: digest },
  });

const key = randomBytes(64);
/** As an owner hands it over: sealed to the vault, for this image of theirs. */
const givenBy = ({ api, mine }: Awaited<ReturnType<typeof opened>>) => sealedToVault(api, mine, digest, key);

describe('private images over HTTP', () => {
  it('given an owner, when they register and hand over a key, then the vault has it under that image and account, and nothing that was recorded, answered or logged does', async () => {
    const scene = await opened();
    const { api, vault, mine, holder, said } = scene;
    const { call, must, store } = api;
    const [given, again] = [await givenBy(scene), await givenBy(scene)];
    expect(await create(api, mine)).toMatchObject({ status: 409, body: { code: 'image-key-absent' } });
    const kept = await call('POST', `/v1/images/${digest}/key`, { token: mine.owner, body: given });
    expect(kept).toMatchObject({ status: 202, body: { events: ['ImageKeyKept'] } });
    for (const body of [given, again]) {
      expect(await call('POST', `/v1/images/${digest}/key`, { token: mine.owner, body })).toMatchObject({
        ...{ status: 200, body: { events: [] } },
      });
    }
    await vault.withKey(holder, async (lent) => expect(Buffer.from(lent).equals(key)).toBe(true));
    const shown = await must('GET', `/v1/images/${digest}?atLeast=${kept.body.position}`, { token: mine.owner });
    expect(shown.body.private).toEqual({ accountId: mine.accountId, headerSha256, key: 'kept' });
    expect(await create(api, mine)).toMatchObject({ status: 202 });

    const events = await store.readStream(streamName('image', digest));
    expect(events.map(({ type }) => type)).toEqual(['ImageRegistered', 'ImageMadePrivate', 'ImageKeyKept']);
    const malformed = await call('POST', `/v1/images/${digest}/key`, {
      ...{ token: mine.owner, raw: `{"ciphertext":"${given.ciphertext}` },
    });
    const inTheClear = await call('POST', `/v1/images/${digest}/key`, {
      ...{ token: mine.owner, body: { key: key.toString('base64') } },
    });
    const other = randomBytes(64);
    const another = await call('POST', `/v1/images/${digest}/key`, {
      ...{ token: mine.owner, body: await sealedToVault(api, mine, digest, other) },
    });
    expect([malformed.status, inTheClear.status, another.status]).toEqual([400, 400, 409]);
    expect(another.body.code).toBe('image-key-other');
    expect(said.length).toBeGreaterThan(5);
    const answers = [kept, shown, malformed, inTheClear, another].map(({ body }) => body);
    const everything = inspect([given, again, events, answers, said], allOfIt);
    for (const secret of [key, other]) {
      for (const form of ['base64', 'base64url', 'hex'] as const) {
        expect(everything).not.toContain(secret.toString(form).slice(0, 24));
      }
    }
  });

  it('given the private image of another account, then it is not to be seen, started, keyed, retired or registered', async () => {
    const scene = await opened();
    const { api, mine, theirs, body, vault, holder } = scene;
    const { call, must } = api;
    const given = await givenBy(scene);
    const at = (await must('POST', `/v1/images/${digest}/key`, { token: mine.owner, body: given })).body.position;
    expect(await create(api, theirs)).toMatchObject({ status: 403, body: { code: 'image-private' } });
    const token = theirs.owner;
    const unseen = { status: 404, body: { code: 'image-not-found' } };
    expect(await call('GET', `/v1/images/${digest}?atLeast=${at}`, { token })).toMatchObject(unseen);
    expect((await must('GET', `/v1/images?atLeast=${at}`, { token })).body.items).toEqual([]);
    expect((await must('GET', `/v1/images?atLeast=${at}`, { token: mine.owner })).body.items).toHaveLength(1);
    expect((await must('GET', `/v1/images?atLeast=${at}`)).body.items, 'an operator sees all').toHaveLength(1);
    expect(await call('POST', `/v1/images/${digest}/key`, { token, body: given })).toMatchObject(unseen);
    expect(await call('DELETE', `/v1/images/${digest}/key`, { token, body: {} })).toMatchObject(unseen);
    expect(await call('POST', `/v1/images/${digest}/retire`, { token, body: {} })).toMatchObject(unseen);
    const asTheirs = { ...body, private: { accountId: theirs.accountId, headerSha256 } };
    expect(await call('POST', '/v1/images', { token, body: asTheirs })).toMatchObject({
      ...{ status: 403, body: { code: 'image-private' } },
    });
    await vault.withKey(holder, async (lent) => expect(Buffer.from(lent).equals(key)).toBe(true));
  });

  it('given an owner, then they register no public image, none for somebody else, and none that no guest could open', async () => {
    const scene = await opened();
    const { api, mine, theirs, body } = scene;
    const { call, must } = api;
    const given = await givenBy(scene);
    const token = mine.owner;
    const { private: _, ...asPublic } = { ...body, manifest, digest: contentDigest(manifest) };
    expect(await call('POST', '/v1/images', { token, body: asPublic })).toMatchObject({ status: 403 });
    const foreign = { ...body, private: { accountId: theirs.accountId, headerSha256 } };
    expect(await call('POST', '/v1/images', { token, body: foreign })).toMatchObject({
      ...{ status: 404, body: { code: 'account-not-found' } },
    });
    const bare = { ...asPublic, private: body.private };
    expect(await call('POST', '/v1/images', { token, body: bare })).toMatchObject({
      ...{ status: 422, body: { code: 'image-not-sealed' } },
    });
    await must('POST', '/v1/images', { body: asPublic });
    const key = await call('POST', `/v1/images/${asPublic.digest}/key`, { token, body: given });
    expect(key).toMatchObject({ status: 409, body: { code: 'image-not-private' } });
    expect(await call('POST', `/v1/images/${asPublic.digest}/retire`, { token, body: {} })).toMatchObject({
      status: 403,
    });
  });

  it.each([
    ['DELETE', 'key', 'ImageKeyWithdrawn'],
    ['POST', 'retire', 'ImageRetired'],
  ])(
    'given its owner withdraws it by %s %s, then the vault forgets its key, its stream says so, and neither VM nor key comes again',
    async (method, path, told) => {
      const scene = await opened();
      const { api, mine, vault, holder } = scene;
      const { call, must, store } = api;
      const given = await givenBy(scene);
      const token = mine.owner;
      await must('POST', `/v1/images/${digest}/key`, { token, body: given });
      await must(method, `/v1/images/${digest}/${path}`, { token, body: { reason: 'it leaked' } });
      const types = async () => (await store.readStream(streamName('image', digest))).map(({ type }) => type);
      await expect
        .poll(types)
        .toEqual([...['ImageRegistered', 'ImageMadePrivate', 'ImageKeyKept', told, 'ImageKeyDestroyed']]);
      await expect(vault.withKey(holder, async () => 0)).rejects.toMatchObject({ code: 'key-destroyed' });
      expect((await create(api, mine)).body.code).toMatch(/^image-(retired|key-destroyed)$/);
      expect(await call('POST', `/v1/images/${digest}/key`, { token, body: given })).toMatchObject({
        ...{ status: 409, body: { code: 'image-key-destroyed' } },
      });
    },
  );
});
