import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { HostCheck } from '#domain';
import type { HostReport } from '#events';
import { boot, furnished, newId } from '../../../../../test/orchestrator/booted.ts';

const facts = {
  ...{ agentEpoch: 1, agentVersion: '1', hostBootId: 'b', accelerator: 'tcg', platform: 'none', cpuModel: 'c' },
  capacity: { vcpus: 1, memoryBytes: 1, diskBytes: 1 },
} as const satisfies HostReport;
const check = (status: HostCheck['status'], observed: string): HostCheck => ({
  ...{ code: 'HCC-H003', name: 'control groups', status, observed, wanted: 'cpu, memory, io and pids' },
  fix: status === 'PASS' ? null : 'run the agent as root',
});

const enrolled = async () => {
  const api = await boot();
  const minerId = newId();
  const token = 'hcc_join_secret';
  const joinTokenSha256 = createHash('sha256').update(token).digest('hex');
  const body = { minerId, name: 'm1', joinTokenSha256, expiresAt: '2999-01-01T00:00:00.000Z' };
  await api.must('POST', '/v1/miners', { body });
  const natsPublicKey = `U${'A'.repeat(55)}`;
  await api.must('POST', `/v1/miners/${minerId}/enrolment`, { token, body: { natsPublicKey } });
  return { ...api, minerId, at: `/v1/miners/${minerId}/checks` };
};

describe('what a miner’s host was checked for, over HTTP', () => {
  it('given an agent that reports, then its own words are served, and the newest where a status changed', async () => {
    const { must, bus, minerId, at } = await enrolled();
    expect((await must('GET', at)).body).toEqual({
      ...{ minerId, name: 'm1', checkedAt: null, checks: null, stale: null },
    });
    const miner = bus.miner(minerId);
    const checks = async () => {
      await bus.deliver();
      return (await must('GET', at)).body.checks;
    };
    await miner.reportHost({ ...facts, checks: [check('PASS', 'version 2')] });
    await expect.poll(checks, { timeout: 10_000 }).toEqual([check('PASS', 'version 2')]);
    await miner.reportHost({ ...facts, checks: [check('WARN', 'none')] });
    await expect.poll(checks, { timeout: 10_000 }).toEqual([check('WARN', 'none')]);
    expect((await must('GET', at)).body.checkedAt).toMatch(/^\d{4}-/);
  });

  it('given an owner or a miner that is not, then neither learns anything', async () => {
    const api = await enrolled();
    const { owner } = await furnished(api);
    expect(await api.call('GET', api.at, { token: owner })).toMatchObject({ status: 403 });
    expect(await api.call('GET', `/v1/miners/${newId()}/checks`)).toMatchObject({
      ...{ status: 404, body: { code: 'miner-not-found' } },
    });
  });
});
