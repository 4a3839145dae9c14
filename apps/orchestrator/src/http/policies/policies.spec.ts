import { describe, expect, it } from 'vitest';
import { standardReputation, standardSchedule } from '#domain';
import { contentDigest } from '#events';
import { boot } from '../../../../../test/orchestrator/booted.ts';

const at = '/v1/policies/reputation';

describe('policies', () => {
  it('what is built in is version 0, and what nobody can know beforehand is not there', async () => {
    const api = await boot();
    const { items } = (await api.must('GET', '/v1/policies')).body;
    expect(items).toEqual([
      expect.objectContaining({ name: 'attestation-schedule', version: 0, publishedAt: null }),
      expect.objectContaining({ name: 'reputation', version: 0 }),
    ]);
    expect((await api.must('GET', at)).body.document).toEqual(standardReputation);
    expect(await api.call('GET', '/v1/policies/host-attestation')).toMatchObject({
      status: 404,
      body: { code: 'policy-not-found' },
    });
  });

  it('versions follow one another and stay readable; an older document may come back', async () => {
    const api = await boot();
    const harsher = { ...standardReputation, decayPerHour: 20_000 };
    const publish = async (document: object, follows: number | null = null) =>
      (await api.must('POST', at, { body: { document, reason: 'try', follows } })).body;
    await publish(harsher, 0);
    expect((await publish(harsher)).events).toEqual([]);
    await publish(standardReputation, 1);
    const { position } = await publish(harsher, 2);
    expect((await api.must('GET', `${at}?atLeast=${position}`)).body).toMatchObject({
      ...{ version: 3, sha256: contentDigest(harsher), document: harsher, reason: 'try' },
    });
    expect((await api.must('GET', `${at}?version=2`)).body.document).toEqual(standardReputation);
    expect((await api.must('GET', `${at}?version=0`)).body.publishedAt).toBeNull();
    expect((await api.call('GET', `${at}?version=9`)).status).toBe(404);
    const late = await api.call('POST', at, { body: { document: standardReputation, reason: 'late', follows: 1 } });
    expect(late).toMatchObject({ status: 409, body: { code: 'policy-has-moved', version: 3 } });
  });

  it.each([
    ['reputation', { ...standardReputation, neutral: 1.5 }, 'neutral'],
    ['reputation', { ...standardReputation, extra: 1 }, 'extra'],
    ['attestation-schedule', { ...standardSchedule, graceMs: undefined }, 'graceMs'],
    ['host-attestation', { version: 1 }, 'referenceValues'],
  ])('a document of %s that is none is refused, its member named', async (name, document, member) => {
    const api = await boot();
    const answer = await api.call('POST', `/v1/policies/${name}`, { body: { document, reason: 'x' } });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    expect(answer.body.detail).toContain(member);
  });
});
