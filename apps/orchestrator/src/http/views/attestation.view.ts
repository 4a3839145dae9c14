import { z } from 'zod';
import { explainRefusal } from '#attestation';
import type { AppraisalRefusal, EvidenceAppraised, UnixMs } from '#domain';
import {
  claimGroup,
  groupTiers,
  instant,
  isoTime,
  minerId,
  type RecordedEvent,
  revision,
  sha256Hex,
  tier,
} from '#events';
import type { AttestationRow } from '../../projections/attestations.projection.ts';
import { asOf } from '../schemas/moments.ts';
import { type StaleView, staleAnswer } from './stale.view.ts';

const refusalAnswer = z.strictObject({
  group: claimGroup,
  code: z.string(),
  observed: z.string(),
  wanted: z.string(),
  title: z.string(),
  fix: z.string(),
  doesNotProve: z.string().describe('What must not be concluded from it'),
});

const policyUsed = z.strictObject({
  name: z.string(),
  version: z.int().describe('0 is the built-in one'),
  sha256: sha256Hex,
});

const claimsAnswer = z.strictObject({
  chipId: z.string().nullable(),
  product: z.string().nullable(),
  reportedTcb: z.string().nullable(),
  launchDigest: z.string().nullable(),
  ekPublicSha256: z.string().nullable(),
  akName: z.string().nullable(),
  imaEntries: z.int(),
  imaNotAttested: z.int().describe('Entries after the last one that the quote covers'),
  agentVersion: z.string().nullable(),
});

const attestationPlatform = z.enum(['simulated', 'sev-snp']).describe('simulated: NOT confidential');

/** How fresh somebody's last verdict is. On every read of it, because what passed once says nothing of now. */
export const freshness = {
  tier: tier.describe('none: nothing was ever judged, which is no better than a failure'),
  isSimulated: z.boolean().nullable().describe('Whether a software processor vouches for it; null before any verdict'),
  appraisedAt: instant.nullable(),
  ageMs: z.int().nullable().describe('How old the verdict is'),
  nextDueAt: instant.nullable(),
  isOverdue: z.boolean().describe('Whether the time for new evidence has passed'),
};

export const attestationAnswer = z
  .strictObject({
    minerId,
    ...freshness,
    isStale: z.boolean().describe('Whether the verdict must not be relied on: there is none, or it is overdue'),
    platform: attestationPlatform.nullable(),
    groups: groupTiers.nullable(),
    appraisalId: z.string().nullable(),
    evidenceSha256: sha256Hex.nullable().describe('Where the evidence lies; null when it could not be kept'),
    refusals: z.array(refusalAnswer),
    policies: z.array(policyUsed),
    claims: claimsAnswer.nullable(),
    appraisals: z.int(),
    affirmed: z.int(),
    failuresInRow: z.int(),
    lastAffirmedAt: instant.nullable(),
    key: z
      .strictObject({
        akName: z.string(),
        ekPublicSha256: sha256Hex,
        vendor: z.string().nullable(),
        isSimulated: z.boolean(),
      })
      .nullable()
      .describe('The attestation key that was proved to live in its TPM'),
    stale: staleAnswer.nullable(),
    asOf: asOf.optional(),
  })
  .meta({ id: 'Attestation' });

/** What a list shows of an attester that may have shown nothing yet. */
export const freshnessView = (row: AttestationRow | null, now: UnixMs) => {
  const last = row?.attester.last ?? null;
  const dueAt = dueOf(last) ?? row?.attester.overdueSince ?? null;
  return {
    tier: last?.tier ?? ('none' as const),
    isSimulated: last === null ? null : last.platform === 'simulated',
    appraisedAt: timeOf(last?.appraisedAt),
    ageMs: last === null ? null : Math.max(0, now - last.appraisedAt),
    nextDueAt: timeOf(dueAt),
    isOverdue: dueAt !== null && now > dueAt,
  };
};

/** When new evidence is due; `null` where none is awaited: an owner's VM attests as it starts, and then no more. */
const dueOf = (last: Pick<EvidenceAppraised, 'appraisedAt' | 'nextDueAt'> | null): UnixMs | null =>
  last === null || last.nextDueAt <= last.appraisedAt ? null : last.nextDueAt;

/** A host's attestation as it stands at a time. */
export const attestationView = (
  id: string,
  row: AttestationRow | null,
  now: UnixMs,
  stale: StaleView,
): z.input<typeof attestationAnswer> => {
  const attester = row?.attester ?? null;
  const last = attester?.last ?? null;
  const fresh = freshnessView(row, now);
  const { appraisals = 0, affirmed = 0, failuresInRow = 0, lastAffirmedAt = null } = attester ?? {};
  return {
    minerId: id,
    ...fresh,
    isStale: last === null || fresh.isOverdue,
    platform: last?.platform ?? null,
    groups: last?.groups ?? null,
    appraisalId: last?.appraisalId ?? null,
    evidenceSha256: last?.evidenceSha256 ?? null,
    refusals: (last?.refusals ?? []).map(refusalView),
    policies: [...(row?.policies ?? [])],
    claims: last?.claims ?? null,
    ...{ appraisals, affirmed, failuresInRow, lastAffirmedAt: timeOf(lastAffirmedAt) },
    key: keyView(row),
    stale,
  };
};

export const appraisalAnswer = z
  .strictObject({
    appraisalId: z.string(),
    eventId: z.string(),
    revision: revision.describe('In the stream appraisal-<minerId>'),
    appraisedAt: instant,
    attestorId: z.string(),
    tier,
    groups: groupTiers,
    platform: attestationPlatform,
    isSimulated: z.boolean(),
    refusals: z.array(refusalAnswer),
    policies: z.array(policyUsed),
    evidenceSha256: sha256Hex.nullable(),
    nonceSha256: sha256Hex,
    claims: claimsAnswer,
    nextDueAt: instant,
  })
  .meta({ id: 'Appraisal' });

/** One verdict of the past, as it was recorded. */
export const appraisalView = (
  { eventId, revision: at }: RecordedEvent,
  event: EvidenceAppraised,
): z.input<typeof appraisalAnswer> => {
  const { appraisalId, attestorId, tier: judged, groups, platform, evidenceSha256, nonceSha256, claims } = event;
  return {
    ...{ appraisalId, eventId, revision: at.toString(), appraisedAt: isoTime(event.appraisedAt), attestorId },
    ...{ tier: judged, groups, platform, isSimulated: platform === 'simulated' },
    ...{ refusals: event.refusals.map(refusalView), policies: [...event.policies] },
    ...{ evidenceSha256, nonceSha256, claims, nextDueAt: isoTime(event.nextDueAt) },
  };
};

const refusalView = (refusal: AppraisalRefusal): z.input<typeof refusalAnswer> => {
  const { title, fix, doesNotProve } = explainRefusal(refusal.code);
  return { ...refusal, title, fix, doesNotProve };
};

const keyView = (row: AttestationRow | null) => {
  const key = row?.attester.key ?? null;
  if (key === null) return null;
  const { akName, ekPublicSha256, vendor, isSimulated } = key;
  return { akName, ekPublicSha256, vendor, isSimulated };
};

const timeOf = (at: UnixMs | null | undefined): string | null => (at === null || at === undefined ? null : isoTime(at));
