import { describe, expect, it } from 'vitest';
import { boot, furnished, newToken } from '../../../../test/orchestrator/booted.ts';

const generous = { addressPerMinute: 0, callerPerMinute: 0 };

describe('rate limits', () => {
  it('given a caller that asks without a pause, then it is told how much is left, and then how long to wait', async () => {
    const { call } = await boot({ rateLimits: { ...generous, callerPerMinute: 3 } });
    const answers = [];
    for (let asked = 0; asked < 4; asked += 1) answers.push(await call('GET', '/v1/whoami'));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    expect(answers.map(({ headers }) => headers.get('ratelimit-remaining'))).toEqual(['2', '1', '0', '0']);
    const refused = answers.at(-1);
    expect(refused?.body).toMatchObject({ code: 'rate-limited', wanted: 3 });
    expect(refused?.headers.get('content-type')).toContain('application/problem+json');
    const wait = Number(refused?.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    expect(refused?.headers.get('ratelimit-limit')).toBe('3');
  });

  it('given one caller at its limit, then another still asks', async () => {
    const api = await boot({ rateLimits: { ...generous, callerPerMinute: 8 } });
    const { owner } = await furnished(api);
    while ((await api.call('GET', '/v1/whoami')).status !== 429);
    expect((await api.call('GET', '/v1/whoami', { token: owner })).status).toBe(200);
  });

  it('given an address that guesses tokens or addresses, then it is limited before it is known who asks', async () => {
    const { call } = await boot({ rateLimits: { ...generous, addressPerMinute: 2 } });
    expect((await call('GET', '/v1/whoami', { token: newToken().text })).status).toBe(401);
    expect((await call('GET', '/v1/nothing', { token: null })).status).toBe(404);
    expect(await call('GET', '/v1/whoami', { token: newToken().text })).toMatchObject({
      status: 429,
      body: { code: 'rate-limited', correlationId: expect.any(String) },
    });
    expect((await call('GET', '/v1/nothing', { token: null })).status).toBe(429);
  });
});
