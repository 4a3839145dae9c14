import { expect, test } from 'vitest';
import { type ImaProgress, imaProgressSchema } from '#attestation';
import { appraisal, fold, loadedKeysMax, standardSchedule } from '#domain';
import { aggregates, streamName } from '#events';
import { commandOf, type RecordAppraisal } from './record.ts';

const minerId = '0198c0de-0000-7000-8000-00000000000a';
const now = Date.UTC(2026, 10, 21);
const replay = { sha256: 'ab'.repeat(32) };
const used = { name: 'host-attestation', version: 1, sha256: 'cd'.repeat(32) };
const tier = 'none';
const groups = { hardware: tier, launch: tier, tpm: tier, ima: tier, identity: tier } as const;
const checks = { hardware: [], launch: [], tpm: [], ima: [], identity: [] };
const claims = {
  ...{ chipId: null, product: null, reportedTcb: null, launchDigest: null, ekPublicSha256: null, akName: null },
  ...{ imaEntries: 0, imaNotAttested: 0, agentVersion: null },
};

/** What a verifier remembers of a list that loaded so many keys, each as long as one may be. */
const progressWith = (keys: number): ImaProgress => ({
  ...{ version: 1, extension: 'per-bank', attested: { entries: 3, replay }, seen: { entries: 4, replay } },
  loadedKeys: Array.from({ length: keys }, (_, index) => ({
    ...{ keyring: 'k'.repeat(200), index, certificate: Buffer.alloc(6 * 1024, index).toString('base64') },
  })),
});

const recorded = (n: number, ima: ImaProgress | null): RecordAppraisal =>
  commandOf({
    judged: {
      appraisal: { tier, groups, checks, refusals: [], claims, platform: 'simulated', progress: { tpm: null, ima } },
      ...{ evidenceSha256: 'ef'.repeat(32), policy: used },
    },
    ...{ state: null, schedule: { policy: standardSchedule, used }, score: 0, now, nonceExpiresAt: now + 60_000 },
    appraisalId: `00000000-0000-4000-8000-00000000000${n}`,
    ...{ attestorId: 'attestor-1', minerId },
    ...{ nonceSha256: `${n}`.repeat(64), evidenceSha256: 'ef'.repeat(32) },
  });

test('given a verifier and a record / when a list loads keys / then both keep as many', () => {
  expect(imaProgressSchema.safeParse(progressWith(loadedKeysMax)).success).toBe(true);
  expect(imaProgressSchema.safeParse(progressWith(loadedKeysMax + 1)).success).toBe(false);
});

test('given the most that a verifier remembers of a list / when the verdict is recorded and read back / then none of it is lost', () => {
  const { decider, codec } = aggregates.appraisal;
  const ima = progressWith(loadedKeysMax);
  const events = decider
    .decide(null, recorded(1, ima))
    .map((event) => codec.decode({ ...codec.encode(event), stream: streamName('appraisal', minerId), revision: 0n }));
  expect(fold(appraisal, events)?.progress.ima).toEqual(ima);
});

test('given a list that was refused / when the verdict is recorded / then the next round goes on from where it was last good', () => {
  const good = appraisal.decide(null, recorded(1, progressWith(1)));
  const refused = appraisal.decide(fold(appraisal, good), recorded(2, null));
  expect(fold(appraisal, [...good, ...refused])?.progress.ima).toEqual(progressWith(1));
});
