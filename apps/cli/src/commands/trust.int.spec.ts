import { afterEach, describe, expect, test } from 'vitest';
import { aggregates } from '#events';
import { json } from '../../../../test/cli/fake-api.ts';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';
import { judged, minerId as told, uuid } from '../../../../test/orchestrator/told.ts';

afterEach(cleanUp);

const minerId = told('first');
const day = '2026-01-31T12:00:00.000Z';
const attestation = {
  ...{ tier: 'contraindicated', isSimulated: true, appraisedAt: day, ageMs: 1, nextDueAt: day, isOverdue: true },
};
const miner = {
  ...{ minerId, name: 'first', status: 'attached', statusText: 'x', eligible: true, ineligibleCode: null },
  ...{ eligibilityText: 'x', drain: null, accelerator: 'tcg', platform: 'simulated', cpuModel: 'x', agentVersion: '1' },
  ...{ agentEpoch: 1, capacity: null, reserved: null, vms: [], lastSeenAt: null, attachedAt: null },
  ...{ attestation, score: 100_000 },
};
const miners = { 'GET /v1/miners': json({ items: [miner], next: null }) };
const stream = `appraisal-${minerId}`;
const failed = judged(minerId, {
  tier: 'contraindicated',
  refusals: [{ group: 'tpm', code: 'tpm-nonce', observed: 'one of another round', wanted: 'ours' }],
});
const event = {
  ...aggregates.appraisal.codec.encode(failed),
  ...{ eventId: 'e-3', stream, revision: '3', position: 'p3', recordedAt: day, actor: 'system:x' },
  ...{ correlationId: 'c', causationId: 'c' },
};
const proposal = {
  ...{ proposalId: uuid('p'), ground: 'tpm-failure', appraisalId: uuid('appraisal'), needsCorroboration: false },
  ...{ state: 'proposed', appeal: null, decision: null },
};
const accepted = (type: string) => json({ stream: 's-1', revision: '1', position: 'p9', events: [type] }, 202);

describe('hcc miner', () => {
  test('ls shows tier with SIMULATED, age, next evidence and score', async () => {
    const { hcc } = await machineWith(miners);
    const { out } = await hcc('miner', 'ls');
    expect(out).toMatch(/TIER +ATTESTED +NEXT +SCORE/);
    expect(out).toMatch(/contraindicated SIMULATED +\d+ d +OVERDUE \d+ d +10\.00 %/);
    expect((await hcc('miner', 'show', 'first')).out).toMatch(/score +10\.00 % \(hcc miner why/);
  });

  test('why opens a score into events, failed checks, policies, and the command that verifies again', async () => {
    const reason = {
      ...{ eventId: 'e-3', stream, revision: '3', type: 'EvidenceAppraised', at: day, code: 'tpm', delta: -400_000 },
      ...{ score: 100_000, policyVersion: 2 },
    };
    const reputation = { minerId, score: 90_000, start: 500_000, earlier: 0, silence: -10_000, policyVersion: 2 };
    const { hcc } = await machineWith({
      ...miners,
      [`GET /v1/miners/${minerId}/reputation`]: json({ ...reputation, reasons: [reason] }),
      [`GET /v1/miners/${minerId}/slashing`]: json({ items: [proposal] }),
      [`GET /v1/streams/${stream}`]: json({ items: [event], next: null }),
    });
    const { out, err } = await hcc('miner', 'why', 'first');
    expect(out, err).toContain('-40.00 %  tpm, then 10.00 %');
    expect(out).toContain('tpm-nonce: observed one of another round; wanted ours');
    expect(out).toContain('judged contraindicated by host-attestation version 1');
    expect(out).toContain(`evidence ${'f'.repeat(64)}`);
    expect(out).toContain(`verify again: hcc attest rejudge --miner ${minerId} --appraisal ${uuid('appraisal')}`);
    expect(out).toContain('-1.00 %  silence since then');
    expect(out).toMatch(/slashing .* for tpm-failure: proposed/);
  });

  test('why --at asks for the miner, its score and its proposals of one moment, and says as of when', async () => {
    const asOf = { at: day, position: 'p.4', revision: '3', recordedAt: day };
    const reputation = {
      minerId,
      score: 90_000,
      start: 500_000,
      earlier: 0,
      silence: 0,
      policyVersion: 2,
      reasons: [],
    };
    const { hcc, api } = await machineWith({
      ...miners,
      [`GET /v1/miners/${minerId}`]: json({ ...miner, asOf }),
      [`GET /v1/miners/${minerId}/reputation`]: json({ ...reputation, asOf }),
      [`GET /v1/miners/${minerId}/slashing`]: json({ items: [], stale: null, asOf }),
    });
    const { out, err } = await hcc('miner', 'why', 'first', '--at', day);
    expect(out.split('\n')[0], err).toMatch(/^as of .*position p\.4: event 3 of its stream/);
    expect(out).toContain('score 9.00 %');
    const moments = api.asked.filter(({ path }) => path.startsWith(`/v1/miners/${minerId}`));
    expect(moments.map(({ query }) => query.get('at'))).toEqual([day, day, day]);
    expect(JSON.parse((await hcc('miner', 'why', 'first', '--at', day, '--json')).out)).toMatchObject({ asOf });
  });

  test('slashing is decided by the beginning of a proposal’s id', async () => {
    const at = `/v1/miners/${minerId}/slashing`;
    const { hcc, api } = await machineWith({
      ...miners,
      [`GET ${at}`]: json({ items: [proposal] }),
      [`POST ${at}/${proposal.proposalId}/decision`]: accepted('SlashingDecided'),
    });
    const { code } = await hcc(
      'miner',
      'slashing',
      'uphold',
      'first',
      proposal.proposalId.slice(0, 6),
      '--reason',
      'it lied',
    );
    expect(code).toBe(0);
    const sent = api.asked.find(({ method }) => method === 'POST');
    expect(JSON.parse(sent?.body ?? '')).toEqual({ outcome: 'upheld', reason: 'it lied' });
    expect(await hcc('miner', 'slashing', 'uphold', 'first', proposal.proposalId)).toMatchObject({ code: 2 });
  });
});

describe('hcc device', () => {
  const device = {
    ...{ deviceKey: '3f'.repeat(32), deviceKind: 'chip', deviceId: 'ab'.repeat(64), holder: minerId },
    ...{ dispute: null, refused: [], claimedAt: day, changedAt: day },
  };
  const devices = { ...miners, 'GET /v1/devices': json({ items: [device], next: null }) };

  test('ls says which miner each counts for', async () => {
    const { hcc } = await machineWith(devices);
    expect((await hcc('device', 'ls')).out).toContain(`3f3f3f3f  chip  ${'ab'.repeat(8)}…  ${minerId.slice(0, 8)}`);
  });

  test('settle takes one of two outcomes', async () => {
    const { hcc, api } = await machineWith({
      ...devices,
      [`POST /v1/devices/${device.deviceKey}/settle`]: accepted('DeviceDisputeSettled'),
    });
    expect(await hcc('device', 'settle', '3f', '--outcome', 'mine', '--reason', 'x')).toMatchObject({ code: 2 });
    expect((await hcc('device', 'settle', '3f', '--outcome', 'kept', '--reason', 'x')).code).toBe(0);
    expect(JSON.parse(api.asked.at(-1)?.body ?? '')).toEqual({ outcome: 'kept', reason: 'x' });
  });
});

describe('hcc policy', () => {
  const summary = { name: 'reputation', version: 1, sha256: 'a'.repeat(64), reason: 'milder', publishedAt: day };

  test('publish sends the document and says its version', async () => {
    const { hcc, write, api } = await machineWith({
      'POST /v1/policies/reputation': accepted('PolicyPublished'),
      'GET /v1/policies/reputation': json({ ...summary, document: { version: 1 } }),
    });
    write('p.json', '{"version":1}');
    const { out } = await hcc('policy', 'publish', 'reputation', 'p.json', '--reason', 'milder', '--follows', '0');
    expect(out).toContain('reputation is at version 1 now');
    expect(JSON.parse(api.asked[0]?.body ?? '')).toEqual({ document: { version: 1 }, reason: 'milder', follows: 0 });
    expect((await hcc('policy', 'show', 'reputation')).out).toBe('{\n  "version": 1\n}\n');
    expect(await hcc('policy', 'publish', 'weather', 'p.json', '--reason', 'x')).toMatchObject({ code: 2 });
  });
});
