import { describe, expect, it } from 'vitest';
import { contentDigest } from '#events';
import { boot, furnished, newId } from '../../../../../test/orchestrator/booted.ts';
import { manifest } from '../../../../../test/orchestrator/told.ts';

const digest = contentDigest(manifest);

describe('images over HTTP', () => {
  it('given a retired image, then a new VM is refused it, a repeat of an old request is not, and it is still shown', async () => {
    const api = await boot();
    const { must, call } = api;
    const { accountId, owner } = await furnished(api);
    await must('POST', '/v1/images', { body: { digest, manifest } });
    const request = (vmId = newId()) =>
      call('POST', '/v1/vms', {
        token: owner,
        body: { vmId, accountId, name: 'web', flavorId: 'nano', imageDigest: digest },
      });
    const vmId = newId();
    expect((await request(vmId)).status).toBe(202);

    const body = { reason: 'its kernel has a hole' };
    expect(await call('POST', `/v1/images/${digest}/retire`, { token: owner, body })).toMatchObject({ status: 403 });
    const retired = await must('POST', `/v1/images/${digest}/retire`, { body });
    const at = `atLeast=${retired.body.position}`;
    expect(await request()).toMatchObject({ status: 409, body: { code: 'image-retired' } });
    expect((await request(vmId)).status, 'the request that was accepted is not asked again').toBe(202);
    expect((await must('GET', `/v1/images/${digest}?${at}`)).body).toMatchObject({
      ...{ offered: false, retiredReason: 'its kernel has a hole', manifest },
      measurements: { launch: 'unmeasured', verityRoot: 'unmeasured' },
    });
    expect((await must('GET', `/v1/images?${at}`)).body.items).toHaveLength(1);
    expect((await must('GET', `/v1/images?${at}&retired=exclude`)).body.items).toEqual([]);

    await must('POST', '/v1/images', { body: { digest, manifest } });
    expect(await request(), 'registering it again brings nothing back').toMatchObject({ status: 409 });
  });

  it('given an image that says its system and inputs, then it is shown with them; given none such, then that is named', async () => {
    const { must, call } = await boot();
    const inputs = { kind: 'packages', sha256: 'e'.repeat(64), count: 180 };
    const second = { ...manifest, manifestVersion: 2, os: { id: 'debian', version: '12' }, inputs };
    const known = contentDigest(second);
    const { body } = await must('POST', '/v1/images', { body: { digest: known, manifest: second } });
    expect((await must('GET', `/v1/images/${known}?atLeast=${body.position}`)).body.manifest).toEqual(second);
    const none = 'f'.repeat(64);
    const no = { status: 404, body: { code: 'image-not-found' } };
    expect(await call('POST', `/v1/images/${none}/retire`, { body: {} })).toMatchObject(no);
    expect(await call('GET', `/v1/images/${none}`)).toMatchObject(no);
  });
});
