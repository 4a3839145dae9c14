import { describe, expect, it } from 'vitest';
import { boot, furnished, newToken } from '../../../../test/orchestrator/booted.ts';

describe('projections over HTTP', () => {
  it('given an operator, then the read model is shown, rebuilt and compared, and asked again how it went', async () => {
    const api = await boot();
    const { accountId } = await furnished(api);
    const { must, call } = api;
    expect(await call('GET', '/v1/projections/rebuild')).toMatchObject({ status: 404, body: { code: 'not-found' } });
    expect(await call('DELETE', '/v1/projections/rebuild')).toMatchObject({
      ...{ status: 409, body: { code: 'no-rebuild-running' } },
    });
    await expect
      .poll(async () => (await must('GET', '/v1/projections')).body.projections)
      .toContainEqual({ name: 'accounts', category: 'account', rows: 2 });
    for (const [dryRun, state] of [
      [true, 'compared'],
      [false, 'shown'],
    ]) {
      const begun = await must('POST', '/v1/projections/rebuild', { body: { dryRun } });
      expect(begun).toMatchObject({ status: 202, body: { dryRun, by: expect.stringContaining('operator:') } });
      await expect
        .poll(async () => (await must('GET', '/v1/projections/rebuild')).body)
        .toMatchObject({ rebuildId: begun.body.rebuildId, state, errors: 0, etaMs: null });
    }
    expect((await must('GET', '/v1/projections')).body.file).toContain('-r1.sqlite');
    expect((await must('GET', `/v1/accounts/${accountId}`)).body.name).toBe('Ann');
  });

  it('given anybody else, then a rebuild is not for them', async () => {
    const api = await boot();
    const { owner } = await furnished(api);
    const viewer = newToken();
    const [account] = (await api.must('GET', '/v1/accounts')).body.items;
    await api.must('POST', `/v1/accounts/${account.accountId}/tokens`, {
      body: { tokenId: viewer.tokenId, sha256: viewer.sha256, role: 'viewer', label: 'screen' },
    });
    for (const token of [owner, viewer.text]) {
      const answer = await api.call('POST', '/v1/projections/rebuild', { token, body: {} });
      expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    }
    expect((await api.call('GET', '/v1/projections', { token: viewer.text })).status).toBe(200);
  });
});
