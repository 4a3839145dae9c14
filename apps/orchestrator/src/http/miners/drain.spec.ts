import { describe, expect, it } from 'vitest';
import { boot, furnished, newId, newToken } from '../../../../../test/orchestrator/booted.ts';

const invited = async () => {
  const api = await boot();
  const minerId = newId();
  const body = {
    ...{ minerId, name: 'm1', joinTokenSha256: newToken().sha256, expiresAt: '2999-01-01T00:00:00.000Z' },
  };
  await api.must('POST', '/v1/miners', { body });
  return { ...api, minerId, at: `/v1/miners/${minerId}` };
};

describe('draining over HTTP', () => {
  it('given a miner without VMs, when it is drained, then it is drained and says why it gets no work, until it is undrained', async () => {
    const { must, at } = await invited();
    const drained = await must('POST', `${at}/drain`, { body: { reason: 'new disks' } });
    expect(drained).toMatchObject({ status: 202, body: { events: ['MinerDrainStarted', 'MinerDrained'] } });
    expect((await must('GET', `${at}?atLeast=${drained.body.position}`)).body).toMatchObject({
      eligible: false,
      drain: { state: 'drained', reason: 'new disks', deadlineAt: null, vmsLeft: 0 },
    });
    const undrained = await must('POST', `${at}/undrain`);
    expect((await must('GET', `${at}?atLeast=${undrained.body.position}`)).body.drain).toBeNull();
    expect((await must('POST', `${at}/undrain`)).status).toBe(200);
  });

  it('given an owner, a stranger or a deadline that has passed, then the drain is refused by its code', async () => {
    const api = await invited();
    const { owner } = await furnished(api);
    expect(await api.call('POST', `${api.at}/drain`, { token: owner })).toMatchObject({ status: 403 });
    const late = { deadlineAt: '2020-01-01T00:00:00.000Z' };
    expect(await api.call('POST', `${api.at}/drain`, { body: late })).toMatchObject({
      ...{ status: 422, body: { code: 'drain-deadline-passed' } },
    });
    expect(await api.call('POST', `/v1/miners/${newId()}/drain`)).toMatchObject({
      ...{ status: 404, body: { code: 'miner-not-found' } },
    });
  });
});
