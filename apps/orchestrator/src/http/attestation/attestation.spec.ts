import { describe, expect, it } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { type MinerEvent, standardReputation, weightTotal } from '#domain';
import { isoTime } from '#events';
import { boot } from '../../../../../test/orchestrator/booted.ts';
import { judged, minerId, teller, uuid } from '../../../../../test/orchestrator/told.ts';

const [first, second] = [minerId('first'), minerId('second')];
const invited = (id: typeof first, name: string): MinerEvent => ({
  ...{ type: 'MinerInvited', minerId: id, name, joinTokenSha256: 'a'.repeat(64), expiresAt: 1 },
});
const attached: MinerEvent = {
  ...{ type: 'MinerAttached', agentEpoch: 1, agentVersion: '1', hostBootId: 'b', accelerator: 'tcg' },
  ...{ platform: 'simulated', cpuModel: 'x' },
};
const { neutral, losses } = standardReputation;
const tpmFailed = {
  tier: 'contraindicated',
  groups: {
    hardware: 'affirming',
    launch: 'affirming',
    tpm: 'contraindicated',
    ima: 'affirming',
    identity: 'affirming',
  },
  refusals: [{ group: 'tpm', code: 'tpm-nonce', observed: 'one of another round', wanted: 'ours' }],
} as const;
/** Long from now, so that nothing decays while it is looked at. */
const later = Date.UTC(2999, 0);

const network = async () => {
  const store = createMemoryEventStore();
  const tell = teller(store);
  await tell.miner(first, invited(first, 'first'), attached);
  await tell.miner(second, invited(second, 'second'), attached);
  await tell.miner(minerId('never'), invited(minerId('never'), 'never'));
  const rounds = [
    judged(first, { nextDueAt: later }),
    judged(first, { ...tpmFailed, appraisalId: uuid('failed'), nonceSha256: 'd'.repeat(64), nextDueAt: later }),
  ];
  await tell.appraisal(first, ...rounds);
  await tell.appraisal(second, judged(second, { appraisalId: uuid('other'), nextDueAt: later }));
  return { store, tell };
};

describe('attestation of a miner', () => {
  it('says the tier, its age and what is wrong in words, and that it is simulated', async () => {
    const { store } = await network();
    const api = await boot({ store });
    const at = `/v1/miners/${first}/attestation`;
    await expect.poll(async () => (await api.call('GET', at)).body.appraisals).toBe(2);
    const { body } = await api.must('GET', at);
    expect(body).toMatchObject({
      ...{ tier: 'contraindicated', isSimulated: true, platform: 'simulated', failuresInRow: 1, affirmed: 1 },
      ...{ isOverdue: false, isStale: false, nextDueAt: isoTime(later), stale: null },
      policies: [{ name: 'host-attestation', version: 1 }],
    });
    expect(body.ageMs).toBeGreaterThan(0);
    expect(body.refusals).toEqual([
      expect.objectContaining({ code: 'tpm-nonce', title: expect.any(String), fix: expect.any(String) }),
    ]);
    const before = await api.must('GET', `${at}?at=2026-01-01T00:00:05Z`);
    expect(before.body).toMatchObject({ tier: 'affirming', appraisals: 1, asOf: { revision: '0' } });
  });

  it('who was never judged has tier none and is stale; who is unknown is not found', async () => {
    const { store } = await network();
    const api = await boot({ store });
    const at = `/v1/miners/${minerId('never')}/attestation`;
    await expect.poll(async () => (await api.call('GET', at)).status).toBe(200);
    expect((await api.must('GET', at)).body).toMatchObject({ tier: 'none', isStale: true, appraisedAt: null });
    expect((await api.call('GET', `/v1/miners/${minerId('nobody')}/attestation`)).body.code).toBe('miner-not-found');
  });

  it('verdicts are listed newest first, page by page', async () => {
    const { store } = await network();
    const api = await boot({ store });
    const at = `/v1/miners/${first}/appraisals?limit=1`;
    await expect.poll(async () => (await api.call('GET', at)).body.items?.[0]?.revision).toBe('1');
    const newest = (await api.must('GET', at)).body;
    expect(newest).toMatchObject({ items: [{ tier: 'contraindicated', appraisalId: uuid('failed') }], next: '1' });
    const oldest = (await api.must('GET', `${at}&after=${newest.next}`)).body;
    expect(oldest).toMatchObject({ items: [{ tier: 'affirming', revision: '0' }], next: null });
  });
});

describe('reputation of a miner', () => {
  it('opens into the events it comes from, now and as it was', async () => {
    const { store } = await network();
    const api = await boot({ store });
    const at = `/v1/miners/${first}/reputation`;
    await expect.poll(async () => (await api.call('GET', at)).body.reasons?.length).toBe(1);
    expect((await api.must('GET', at)).body).toMatchObject({
      ...{ score: neutral - losses.tpm, start: neutral, earlier: 0, silence: 0, policyVersion: 0 },
      reasons: [{ code: 'tpm', delta: -losses.tpm, stream: `appraisal-${first}`, revision: '1' }],
    });
    const before = (await api.must('GET', `${at}?at=2026-01-01T00:00:05Z`)).body;
    expect(before).toMatchObject({ score: neutral, reasons: [], asOf: { revision: '1' } });
  });

  it('scores become weights that sum to the total; who never came has none', async () => {
    const { store } = await network();
    const api = await boot({ store });
    await expect.poll(async () => (await api.must('GET', '/v1/weights')).body.weights.length).toBe(2);
    const { weights, total } = (await api.must('GET', '/v1/weights')).body;
    expect(total).toBe(weightTotal);
    expect(weights.reduce((sum: number, { weight }: { weight: number }) => sum + weight, 0)).toBe(weightTotal);
    expect(weights.find((one: { minerId: string }) => one.minerId === second).weight).toBeGreaterThan(weightTotal / 2);
  });

  it('the list of miners has tier, due time and score in each row', async () => {
    const { store } = await network();
    const api = await boot({ store });
    const rows = async () => (await api.must('GET', '/v1/miners')).body.items;
    await expect
      .poll(async () => (await rows()).map((row: { score: number }) => row.score))
      .toEqual([...[neutral - losses.tpm, neutral, neutral]]);
    expect((await rows())[0].attestation).toMatchObject({
      tier: 'contraindicated',
      isSimulated: true,
      isOverdue: false,
    });
  });
});

describe('slashing of a miner', () => {
  it('is proposed by its failed TPM, appealed and decided once', async () => {
    const { store } = await network();
    const api = await boot({ store });
    const at = `/v1/miners/${first}/slashing`;
    await expect.poll(async () => (await api.call('GET', at)).body.items?.length).toBe(1);
    const [{ proposalId, ...proposal }] = (await api.must('GET', at)).body.items;
    expect(proposal).toMatchObject({ ground: 'tpm-failure', state: 'proposed', appraisalId: uuid('failed') });
    await api.must('POST', `${at}/${proposalId}/appeal`, { body: { reason: 'the board was changed' } });
    const decision = { outcome: 'upheld', reason: 'the board is the same' };
    const { body } = await api.must('POST', `${at}/${proposalId}/decision`, { body: decision });
    expect((await api.must('GET', `${at}?atLeast=${body.position}`)).body.items).toMatchObject([
      { state: 'upheld', appeal: 'the board was changed', decision },
    ]);
    const again = await api.call('POST', `${at}/${proposalId}/decision`, {
      body: { outcome: 'withdrawn', reason: 'no' },
    });
    expect(again).toMatchObject({ status: 409, body: { code: 'slashing-decided' } });
    const { score } = (await api.must('GET', `/v1/miners/${first}/reputation?atLeast=${body.position}`)).body;
    expect(score).toBe(0);
  });
});
