import { describe, expect, it } from 'vitest';
import { contentDigest } from '#events';
import { boot, furnished, newId } from '../../../../../test/orchestrator/booted.ts';
import { manifest } from '../../../../../test/orchestrator/told.ts';

const verity = {
  rootHash: 'ab'.repeat(32),
  salt: 'cd'.repeat(32),
  dataBlocks: 7,
  tree: { sha256: 'e'.repeat(64), bytes: 9 },
};
const withTree = { ...manifest, manifestVersion: 3, verity };

const ground = async () => {
  const api = await boot();
  const { accountId, owner } = await furnished(api);
  for (const each of [manifest, withTree]) {
    await api.must('POST', '/v1/images', { body: { digest: contentDigest(each), manifest: each } });
  }
  const wanted = (more: object = {}) => ({ vmId: newId(), accountId, name: 'web', flavorId: 'nano', ...more });
  const request = (body: object) => api.call('POST', '/v1/vms', { token: owner, body });
  return { ...api, owner, wanted, request };
};

describe('a VM with an encrypted disk, over HTTP', () => {
  it('given an image with a verity tree, then its VMs have a LUKS2 volume, as was asked; one without has a plain disk', async () => {
    const { must, owner, wanted, request } = await ground();
    const shown = async (body: ReturnType<typeof wanted>) => {
      const { position } = (await request(body)).body;
      return (await must('GET', `/v1/vms/${body.vmId}?atLeast=${position}`, { token: owner })).body;
    };
    const tree = { imageDigest: contentDigest(withTree) };
    expect(await shown(wanted({ ...tree, integrity: 'hmac-sha256' }))).toMatchObject({
      disk: {
        ...{ kind: 'luks2', encryption: 'luks2', cipher: 'aes-xts-plain64', keyBits: 512, pbkdf: 'argon2id' },
        ...{ integrity: 'hmac-sha256', headerSha256: null, bootCounter: 0, keyDestroyed: false },
      },
      release: null,
    });
    expect((await shown(wanted(tree))).disk).toMatchObject({ kind: 'luks2', integrity: 'none' });
    expect((await shown(wanted({ imageDigest: contentDigest(manifest) }))).disk).toEqual({
      ...{ kind: 'plain', format: 'qcow2', encryption: 'none', sizeBytes: expect.any(Number) },
    });
  });

  it('given the same request again, then it is accepted again; with another integrity it is another request', async () => {
    const { wanted, request } = await ground();
    const body = wanted({ imageDigest: contentDigest(withTree) });
    expect((await request(body)).status).toBe(202);
    expect((await request(body)).status).toBe(202);
    expect(await request({ ...body, integrity: 'hmac-sha256' })).toMatchObject({
      ...{ status: 409, body: { code: 'vm-exists-with-other-content' } },
    });
  });

  it('given an image without a tree, then integrity is refused by name, and an integrity that nobody knows too', async () => {
    const { wanted, request } = await ground();
    const plain = { imageDigest: contentDigest(manifest) };
    expect(await request(wanted({ ...plain, integrity: 'hmac-sha256' }))).toMatchObject({
      ...{ status: 422, body: { code: 'image-not-sealed', detail: expect.stringMatching(/no verity tree/) } },
    });
    expect((await request(wanted({ ...plain, integrity: 'crc' }))).body.code).toBe('invalid-request');
  });

  it('given a flavor with less memory than a sealed boot takes, then it is refused by name', async () => {
    const { must, wanted, request } = await ground();
    const size = { vcpus: 1, memoryBytes: 256 * 1024 ** 2, diskBytes: 1024 ** 3 };
    await must('POST', '/v1/flavors', { body: { flavorId: 'tiny', size, pricePerHour: '7' } });
    expect(await request(wanted({ flavorId: 'tiny', imageDigest: contentDigest(withTree) }))).toMatchObject({
      ...{ status: 422, body: { code: 'flavor-too-small', wanted: 512 * 1024 ** 2 } },
    });
  });

  it('given consent that nothing waits for, or of somebody who is not the owner, then it is refused by name', async () => {
    const { call, owner, wanted, request } = await ground();
    const body = wanted({ imageDigest: contentDigest(withTree) });
    await request(body);
    const consent = (token: string | undefined, more: object) =>
      call('POST', `/v1/vms/${body.vmId}/consent`, { ...(token === undefined ? {} : { token }), body: more });
    const launch = { kind: 'launch', bootId: newId() };
    expect(await consent(owner, launch)).toMatchObject({ status: 409, body: { code: 'stale-generation' } });
    expect(await consent(undefined, launch)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await consent(owner, { kind: 'everything' })).toMatchObject({ status: 400 });
  });
});
