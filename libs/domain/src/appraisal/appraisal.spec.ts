import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eventsOf, given } from '../../../../test/domain/given.ts';
import { movesOf, testDeciderLaws } from '../../../../test/domain/laws.ts';
import { noon, sha256Of, uuid } from '../../../../test/domain/samples.ts';
import { fold } from '../decider.ts';
import type { AttesterId } from '../values/ids.ts';
import { type AppraisalCommand, type AppraisalState, appraisal, worstTier } from './appraisal.ts';
import type { AppraisalEvent, GroupTiers, Tier } from './events.ts';
import { appraisalRefusalsMax, usedNoncesMax } from './limits.ts';

const attesterId = uuid<AttesterId>(1);
const minuteMs = 60_000;
const allAffirming: GroupTiers = {
  ...{ hardware: 'affirming', launch: 'affirming', tpm: 'affirming', ima: 'affirming', identity: 'affirming' },
};
type Record = Extract<AppraisalCommand, { type: 'RecordAppraisal' }>;
const record: Record = {
  ...{ type: 'RecordAppraisal', now: noon, attesterId, kind: 'host', appraisalId: uuid(1), attestorId: 'attestor-1' },
  ...{ nonceSha256: sha256Of('1'), nonceExpiresAt: noon + minuteMs, evidenceSha256: sha256Of('e'), policies: [] },
  ...{ platform: 'simulated', tier: 'affirming', groups: allAffirming, refusals: [], nextDueAt: noon + 10 * minuteMs },
  claims: {
    ...{ chipId: 'aa', product: 'Genoa', reportedTcb: '1', launchDigest: 'bb', ekPublicSha256: sha256Of('2') },
    ...{ akName: 'cc', imaEntries: 3, imaNotAttested: 0, agentVersion: '1' },
  },
  progress: {
    tpm: { clockMs: '5', resetCount: 1, restartCount: 0, firmwareVersion: '1' },
    ima: {
      ...{ version: 1, extension: 'per-bank', loadedKeys: [] },
      ...{ attested: { entries: 3, replay: { sha256: 'dd' } }, seen: { entries: 3, replay: { sha256: 'dd' } } },
    },
  },
};
const next = (n: number, change: Partial<Record> = {}): Record => ({
  ...record,
  ...{ now: noon + n, appraisalId: uuid(n), nonceSha256: n.toString(16).padStart(64, '0'), ...change },
});
const enrol: AppraisalCommand = {
  ...{ type: 'EnrolAttestationKey', now: noon, attesterId, akPublic: 'AAA=', akName: 'cc' },
  ...{ ekPublicSha256: sha256Of('2'), ekCertificateSha256: null, vendor: null, isSimulated: true },
};
const stateAfter = (...commands: readonly AppraisalCommand[]): AppraisalState =>
  fold(appraisal, eventsOf(appraisal, ...commands));

describe('an attester', () => {
  test('given evidence for a fresh nonce / when it is recorded / then it is judged once, however often it comes', () => {
    const { type: _, now: appraisedAt, ...rest } = record;
    given(appraisal)
      .when(record)
      .thenEvents({ type: 'EvidenceAppraised', appraisedAt, ...rest });
  });

  test('given a used nonce / when other evidence answers it / then it is refused by name', () =>
    given(appraisal, ...eventsOf(appraisal, record))
      .when({ ...record, appraisalId: uuid(2) })
      .thenRefused('nonce-used', /ask for a new one/));

  test('given an expired nonce / when evidence answers it / then it is refused, and using it later is too', () => {
    given(appraisal)
      .when({ ...record, now: record.nonceExpiresAt })
      .thenRefused('nonce-expired');
  });

  test('given nonces of long ago / when more evidence comes / then only those that could still be sent are remembered', () => {
    const old = next(2);
    const late = next(3, { now: noon + 2 * minuteMs, nonceExpiresAt: noon + 3 * minuteMs });
    expect([...(stateAfter(old, late)?.usedNonces.keys() ?? [])]).toEqual([late.nonceSha256]);
    const many = Array.from({ length: usedNoncesMax + 10 }, (_, n) => next(n + 1));
    expect(stateAfter(...many)?.usedNonces.size).toBe(usedNoncesMax);
  });

  test('given a failure / when evidence is affirmed / then the count of failures ends', () => {
    const failed = next(2, { tier: 'contraindicated' });
    expect(stateAfter(failed, next(3, { tier: 'warning' }))).toMatchObject({ failuresInRow: 2, lastAffirmedAt: null });
    expect(stateAfter(failed, next(4))).toMatchObject({ failuresInRow: 0, lastAffirmedAt: noon + 4 });
  });

  test('given progress / when an appraisal got nowhere / then what was reached before still counts; another key begins anew', () => {
    const nowhere = next(2, { tier: 'none', progress: { tpm: null, ima: null } });
    expect(stateAfter(record, nowhere)?.progress).toEqual(record.progress);
    expect(stateAfter(record, enrol)?.progress).toEqual({ tpm: null, ima: null });
  });

  test('given a due time / when it passes / then that is said once, for that time only, until evidence comes', () => {
    const dueAt = record.nextDueAt;
    const events = eventsOf(appraisal, record);
    const overdue = { type: 'DeclareOverdue', attesterId, dueAt, now: dueAt + 1 } as const;
    given(appraisal, ...events)
      .when(overdue)
      .thenEvents({ type: 'AttestationOverdue', attesterId, dueAt, lastAppraisedAt: noon });
    given(appraisal, ...events)
      .when({ ...overdue, now: dueAt - 1 })
      .thenNothing();
    given(appraisal, ...events)
      .when({ ...overdue, dueAt: dueAt - 1 })
      .thenNothing();
    expect(stateAfter(record, overdue)?.overdueSince).toBe(dueAt);
    expect(stateAfter(record, overdue, next(9))?.overdueSince).toBeNull();
  });

  test('given an attester that never came / when its first time passes / then that is said', () =>
    given(appraisal)
      .when({ type: 'DeclareOverdue', attesterId, dueAt: noon, now: noon })
      .thenEvents({ type: 'AttestationOverdue', attesterId, dueAt: noon, lastAppraisedAt: null }));

  test('given the same key / when it is enrolled again / then nothing happens; another takes its place', () => {
    given(appraisal, ...eventsOf(appraisal, enrol))
      .when(enrol)
      .thenNothing();
    expect(stateAfter(enrol, { ...enrol, akName: 'dd' })?.key?.akName).toBe('dd');
  });

  test('given more refusals than are kept / then the first ones are', () => {
    const refusals = Array.from({ length: 50 }, (_, n) => ({
      ...{ group: 'tpm' as const, code: `c-${n}`, observed: '', wanted: '' },
    }));
    expect(stateAfter({ ...record, refusals })?.last?.refusals).toEqual(refusals.slice(0, appraisalRefusalsMax));
  });
});

test('the worst tier is the one trusted least, and nothing known is worse than a warning', () => {
  expect(worstTier(['affirming', 'warning', 'none'])).toBe('none');
  expect(worstTier(['none', 'contraindicated'])).toBe('contraindicated');
  expect(worstTier(['affirming', 'affirming'])).toBe('affirming');
  expect(worstTier([])).toBe('none');
});

const tier: fc.Arbitrary<Tier> = fc.constantFrom('none', 'affirming', 'warning', 'contraindicated');
const command: fc.Arbitrary<AppraisalCommand> = fc.oneof(
  fc.record({ n: fc.integer({ min: 1, max: 9 }), tier }).map(({ n, tier: judged }) => next(n, { tier: judged })),
  fc.constant(enrol),
  fc
    .integer({ min: -1, max: 1 })
    .map((n) => ({ type: 'DeclareOverdue' as const, attesterId, dueAt: record.nextDueAt, now: record.nextDueAt + n })),
);

describe('the laws of an attester', () => {
  const { type: _, now: appraisedAt, ...appraised } = record;
  const { type: __, now: ___, ...key } = enrol as Extract<AppraisalCommand, { type: 'EnrolAttestationKey' }>;
  testDeciderLaws<AppraisalState, AppraisalCommand, AppraisalEvent>({
    decider: appraisal,
    move: movesOf(command),
    samples: {
      EvidenceAppraised: [
        { type: 'EvidenceAppraised', appraisedAt, ...appraised },
        { type: 'EvidenceAppraised', appraisedAt, ...appraised, tier: 'contraindicated', appraisalId: uuid(7) },
      ],
      AttestationKeyEnrolled: [{ type: 'AttestationKeyEnrolled', ...key }],
      AttestationOverdue: [{ type: 'AttestationOverdue', attesterId, dueAt: noon, lastAppraisedAt: null }],
    },
  });
});
