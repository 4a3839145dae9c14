import { createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { MinerId } from '#domain';
import { deviceStreamId, EvidenceUnavailable } from '#events';
import { type Passport, type PassportReport, passportFile, readPassport, verifyPassport } from '#passport';
import { simulatedProcessor } from '#simulated-processor';
import { openScene } from '../../../../../libs/passport/src/passport.fixture.ts';
import { foundedAs, policyDocument, revocationList } from '../../../../../libs/passport/src/story.fixture.ts';
import { boot, furnished, newToken } from '../../../../../test/orchestrator/booted.ts';
import { teller } from '../../../../../test/orchestrator/told.ts';
import type { PassportSources } from './passport-evidence.ts';

type Evidence = NonNullable<PassportSources['evidence']>;

/** An orchestrator over the log of a VM that booted twice, and the evidence that its attestors kept, or another source of it. */
const ground = async (evidence?: Evidence) => {
  const scene = await openScene();
  const chip = { deviceKind: 'chip', deviceId: scene.chipId } as const;
  await teller(scene.store).device(deviceStreamId(chip), {
    ...{ type: 'DeviceClaimed', minerId: scene.minerId as MinerId, ...chip },
  });
  const dir = mkdtempSync(join(tmpdir(), 'hcc-pass-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const judgedWith = { certificates: null, revocationLists: { genoa: revocationList(false) } };
  const kept: Evidence = {
    get: async (sha256) => scene.evidence.get(sha256) ?? null,
    judgedWith: async () => judgedWith,
  };
  const api = await boot({
    ...{ store: scene.store, heads: { file: join(dir, 'heads.ndjson'), key: scene.networkKey } },
    simulatedRootSha256: foundedAs('simulated').simulatedRootSha256 ?? '',
    ground: { passportSources: { evidence: evidence ?? kept, endorse: null } },
  });
  await api.must('POST', '/v1/policies/guest-boot', {
    body: { document: policyDocument, reason: 'test', follows: null },
  });
  const { accountId, vmId } = scene;
  const owner = newToken();
  await api.must('POST', '/v1/accounts', { body: { accountId, name: 'Ann' } });
  const { tokenId, sha256, text } = owner;
  await api.must('POST', `/v1/accounts/${accountId}/tokens`, { body: { tokenId, sha256, role: 'owner', label: 'x' } });
  const trust = { networkKey: createPublicKey(scene.networkKey), simulated: simulatedProcessor, revocationLists: [] };
  const path = `/v1/vms/${vmId}/passport`;
  const verified = (passport: Passport): PassportReport => {
    const read = readPassport(Buffer.from(passportFile(passport)));
    return 'passport' in read ? verifyPassport(read.passport, trust) : expect.fail(read.fault.detail);
  };
  return { ...api, path, owner: text, verified, scene };
};

const failed = ({ checks }: PassportReport) => checks.filter(({ outcome }) => outcome === 'fail');

describe('the passport of a VM, over HTTP', () => {
  it('given its owner asks, then all of it is there, signed, and judged again from its evidence', async () => {
    const { must, path, owner, verified, scene } = await ground();
    const { body } = await must('GET', path, { token: owner });
    const report = verified(body);
    expect(failed(report)).toEqual([]);
    expect(report).toMatchObject({ ok: true, simulated: true, name: 'web' });
    expect(report.checks.filter(({ code }) => code === 'key-bound')).toMatchObject(
      Array.from({ length: 2 }, () => ({ outcome: 'simulated', restsOn: 'processor' })),
    );
    expect(report.checks.filter(({ code }) => code === 'not-revoked')).toMatchObject([{ outcome: 'simulated' }]);
    const policy = [{ version: 1, document: policyDocument }];
    const chip = { deviceId: scene.chipId, heldBy: scene.minerId };
    expect(body).toMatchObject({ policies: policy, appraisals: Array.from({ length: 4 }, () => ({ chip })) });
  });

  it('given evidence that is damaged, or none that may be read, then the rest is there and says whose word it is', async () => {
    const { must, path, verified } = await ground({
      get: () => Promise.reject(new EvidenceUnavailable('the evidence was changed')),
      judgedWith: async () => null,
    });
    const { body } = await must('GET', path);
    const report = verified(body);
    expect([report.ok, body.kept]).toEqual([true, []]);
    expect(report.checks.filter(({ code }) => code === 'evidence')).toMatchObject(
      Array.from({ length: 4 }, () => ({ outcome: 'unchecked', restsOn: 'network' })),
    );
  });

  it('given several are asked for at once, then each is whole', async () => {
    const { must, path, verified } = await ground();
    const answers = await Promise.all([must('GET', path), must('GET', path), must('GET', path)]);
    for (const { body } of answers) expect(verified(body).ok).toBe(true);
  });

  it('given somebody else’s VM, none, or a viewer, then it is refused by name', async () => {
    const { call, path, must } = await ground();
    const stranger = await furnished({ call, must } as Parameters<typeof furnished>[0]);
    expect(await call('GET', path, { token: stranger.owner })).toMatchObject({
      status: 404,
      body: { code: 'vm-not-found' },
    });
    const nowhere = `/v1/vms/${stranger.accountId}/passport`;
    expect(await call('GET', nowhere)).toMatchObject({ status: 404, body: { code: 'vm-not-found' } });
    const viewer = newToken();
    const { tokenId, sha256, text } = viewer;
    await must('POST', `/v1/accounts/${stranger.accountId}/tokens`, {
      body: { tokenId, sha256, role: 'viewer', label: 'v' },
    });
    expect(await call('GET', path, { token: text })).toMatchObject({ status: 403 });
  });
});
