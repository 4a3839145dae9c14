import { expect, test } from 'vitest';
import { createManualClock } from '#adapters/memory';
import { loadSimulatedProcessor } from '#adapters/processor';
import {
  hintsOfHostEvidence,
  readHostEvidence,
  type SnpEndorsements,
  type VekAnswer,
  type VekSource,
} from '#attestation';
import { openHost } from '../../../../libs/attestation/src/appraisal/host.fixture.ts';
import { endorseByKeyServer, endorseSimulated, gatherBy } from './endorsements.ts';

const dayMs = 24 * 3_600_000;
const host = await openHost();
const evidence = host.round();
const read = readHostEvidence(evidence.document);
const hints = hintsOfHostEvidence(evidence.document) ?? expect.fail('honest evidence has hints');

const simulated = async () => {
  const clock = createManualClock(host.context.atMs);
  const processor = await loadSimulatedProcessor();
  return { clock, endorse: endorseSimulated({ processor, root: host.root }, clock) };
};

test('given a simulated network / when an honest host shows its evidence / then the list we issue lets it pass', async () => {
  const { endorse } = await simulated();
  const { appraisal } = host.judge(evidence, await endorse(hints));
  expect(appraisal.tier).toBe('affirming');
  expect(host.judge(evidence, { revocationLists: {} }).appraisal.refusals).toEqual([
    expect.objectContaining({ code: 'snp-revocation-list', observed: 'absent' }),
  ]);
});

test('given a list that was made / when the day goes on / then it is the same one; on the next day it is another, fresh', async () => {
  const { clock, endorse } = await simulated();
  const first = (await endorse(hints)).revocationLists.milan;
  await clock.advance(dayMs - 1);
  expect((await endorse(hints)).revocationLists.milan).toBe(first);
  await clock.advance(1);
  const next = await endorse(hints);
  expect(next.revocationLists.milan).not.toEqual(first);
  expect(host.judge(evidence, { ...next, atMs: clock.now() }).appraisal.groups.hardware).toBe('affirming');
});

const source = (answer: () => Promise<VekAnswer>): VekSource => ({ endorsementsFor: answer });

test('given a key server that gives certificates and list / then both go to the verdict, the list under its product', async () => {
  const { milan = null } = host.context.revocationLists;
  const { vek, chain } = hints.offered;
  if (vek === null) return expect.fail('honest evidence brings its certificate');
  const found: VekAnswer = {
    ...{ found: true, endorsements: { vek, chain, crl: milan }, vekFrom: 'cache', crlAgeMs: 0, stale: false },
  };
  const endorsed = await endorseByKeyServer(
    source(async () => found),
    () => undefined,
  )(hints);
  expect(host.judge(evidence, endorsed).appraisal.tier).toBe('affirming');
});

test('given certificates of the evidence, or others that the key server had / then the list is kept, and of certificates only those that the evidence has not', async () => {
  const { milan = expect.fail('no list') } = host.context.revocationLists;
  const { vek, chain } = hints.offered;
  if (vek === null || 'refusal' in read) return expect.fail('honest evidence brings its certificate');
  const gathered = (endorsements: SnpEndorsements) =>
    gatherBy(
      endorseByKeyServer(
        source(async () => ({ found: true, endorsements, vekFrom: 'cache', crlAgeMs: 0, stale: false })),
        () => undefined,
      ),
    )(read.value);
  const own = await gathered({ vek: Buffer.from(vek), chain, crl: milan });
  expect(own.judgedWith).toEqual({ certificates: null, revocationLists: { milan } });
  const found = { vek, chain: [...chain].reverse() };
  const { judgedWith } = await gathered({ ...found, crl: null });
  expect(judgedWith).toEqual({ certificates: found, revocationLists: {} });
});

test.each<[string, () => Promise<VekAnswer>]>([
  ['does not answer', async () => ({ found: false, code: 'later', detail: 'no route', retryAfterMs: 1_000 })],
  ['cannot be asked', () => Promise.reject(new Error('no disk'))],
])(
  'given a key server that %s / then the verdict has no list, and a policy that wants one refuses',
  async (_, answer) => {
    const told: string[] = [];
    const endorsed = await endorseByKeyServer(source(answer), (reason) => told.push(reason))(hints);
    expect(told).toHaveLength(1);
    expect(host.judge(evidence, endorsed).appraisal).toMatchObject({
      tier: 'contraindicated',
      refusals: [{ code: 'snp-revocation-list' }],
    });
  },
);
