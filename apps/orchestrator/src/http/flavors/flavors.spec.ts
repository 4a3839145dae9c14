import { describe, expect, it } from 'vitest';
import { contentDigest } from '#events';
import { boot, furnished, newId } from '../../../../../test/orchestrator/booted.ts';
import { manifest } from '../../../../../test/orchestrator/told.ts';

const digest = contentDigest(manifest);

const ready = async () => {
  const api = await boot();
  const { accountId, owner } = await furnished(api);
  await api.must('POST', '/v1/images', { body: { digest, manifest } });
  const request = (flavorId: string, vmId = newId()) =>
    api.call('POST', '/v1/vms', {
      token: owner,
      body: { vmId, accountId, name: 'web', flavorId, imageDigest: digest },
    });
  return { ...api, owner, request };
};

describe('flavors over HTTP', () => {
  it('given a retired flavor, then it is out of the list and refused at the door, and a VM that has it is not asked again', async () => {
    const { must, request } = await ready();
    const vmId = newId();
    expect((await request('nano', vmId)).status).toBe(202);
    const retired = await must('POST', '/v1/flavors/nano/retire', { body: { reason: 'nano-2 is cheaper' } });
    const at = `atLeast=${retired.body.position}`;
    const ids = async (query: string) =>
      (await must('GET', `/v1/flavors?${at}${query}`)).body.items.map((item: { flavorId: string }) => item.flavorId);
    expect(await ids('')).toEqual(['micro', 'small', 'medium']);
    expect(await ids('&retired=include')).toEqual(['nano', 'micro', 'small', 'medium']);
    expect((await must('GET', `/v1/flavors/nano?${at}`)).body).toMatchObject({
      ...{ offered: false, retiredReason: 'nano-2 is cheaper', pricePerHour: '5000' },
    });
    expect(await request('nano')).toMatchObject({ status: 409, body: { code: 'flavor-retired' } });
    expect((await request('nano', vmId)).status).toBe(202);
  });

  it('given a defined flavor, then a repeat decides nothing, another content is refused, and only operators define', async () => {
    const { must, call, owner, request } = await ready();
    const body = {
      flavorId: 'big',
      size: { vcpus: 2, memoryBytes: 1024 ** 3, diskBytes: 1024 ** 3 },
      pricePerHour: '1',
    };
    expect((await must('POST', '/v1/flavors', { body })).status).toBe(202);
    // Resolved from the stream, so no read model has to have heard of it.
    expect((await request('big')).status).toBe(202);
    const other = { ...body, pricePerHour: '2' };
    const no = { status: 409, body: { code: 'flavor-exists-with-other-content' } };
    expect(await call('POST', '/v1/flavors', { body: other })).toMatchObject(no);
    expect(await call('POST', '/v1/flavors', { body: other, token: owner })).toMatchObject({ status: 403 });
    expect(await call('POST', '/v1/flavors', { body: { ...body, flavorId: 'a', pricePerHour: '0' } })).toMatchObject({
      ...{ status: 422, body: { code: 'invalid-flavor' } },
    });
    expect(await call('GET', '/v1/flavors/none')).toMatchObject({ status: 404, body: { code: 'flavor-not-found' } });
  });
});
