import { type Appraisal, explainRefusal } from '#attestation';
import {
  type AppraisalCommand,
  type AppraisalProgress,
  type AppraisalState,
  attestationIntervalMs,
  type Rhythm,
  type SchedulePolicy,
  type UnixMs,
} from '#domain';
import { attesterId as attesterIdOf, type EvidenceAnswer } from '#events';
import type { InForce } from '../policies/policies.ts';
import type { Judged } from './judging.ts';

export type RecordAppraisal = Extract<AppraisalCommand, { readonly type: 'RecordAppraisal' }>;

export type Verdict = {
  readonly judged: Judged;
  /** What it was judged over. */
  readonly state: AppraisalState;
  readonly schedule: InForce<SchedulePolicy>;
  readonly appraisalId: string;
  readonly attestorId: string;
  readonly minerId: string;
  readonly nonceSha256: string;
  readonly nonceExpiresAt: UnixMs;
  readonly evidenceSha256: string | null;
  readonly now: UnixMs;
  readonly score: number;
};

/** A verdict as the command that records it, with when the next evidence is due. */
export const commandOf = (verdict: Verdict): RecordAppraisal => {
  const { judged, schedule, minerId, now, appraisalId, attestorId, nonceSha256, nonceExpiresAt } = verdict;
  const { tier, groups, platform, claims, refusals, progress } = judged.appraisal;
  return {
    ...{ type: 'RecordAppraisal', now, attesterId: attesterIdOf.decode(minerId), kind: 'host', appraisalId },
    ...{ attestorId, nonceSha256, nonceExpiresAt, evidenceSha256: verdict.evidenceSha256 },
    ...{ policies: [judged.policy, schedule.used], platform, tier, groups, claims: shortClaims(claims) },
    refusals: shownRefusals(refusals),
    ...{ progress: storable(progress), nextDueAt: now + attestationIntervalMs(schedule.policy, rhythmOf(verdict)) },
  };
};

/** What the attester is told: the verdict as it was recorded, with the words a person needs. */
export const answerOf = (
  { appraisalId, tier, groups, nextDueAt, refusals }: RecordAppraisal,
  result: string,
): EvidenceAnswer => ({
  ...{ appraisalId, tier, groups, nextDueAt, result },
  refusals: refusals.map((one) => {
    const { title, fix } = explainRefusal(one.code);
    return { ...one, title, fix };
  }),
});

const rhythmOf = ({ judged: { appraisal }, state, score, appraisalId }: Verdict): Rhythm => {
  const { tier } = appraisal;
  const isGood = tier === 'affirming';
  return {
    ...{ score, tier, affirmed: (state?.affirmed ?? 0) + (isGood ? 1 : 0) },
    failuresInRow: isGood ? 0 : (state?.failuresInRow ?? 0) + 1,
    // 32 bits of a digest over something random of ours: who is asked cannot look for a nonce that gives it much time.
    spread: Number.parseInt(appraisalId.slice(0, 8), 16) / 2 ** 32,
  };
};

/** Events hold lines for a screen; what a verifier says may be longer. */
const shown = (text: string): string =>
  text.length <= textMax ? text : `${text.slice(0, textMax - 1).toWellFormed()}…`;
const textMax = 200;

/** Refusals as an event holds them. */
export const shownRefusals = (refusals: Appraisal['refusals']): RecordAppraisal['refusals'] =>
  refusals.map((one) => ({
    ...{ group: one.group, code: one.code, observed: shown(one.observed), wanted: shown(one.wanted) },
  }));

/** The facts of a verdict, as long as an event holds them. */
export const shortClaims = (claims: Appraisal['claims']): Appraisal['claims'] => ({
  ...claims,
  agentVersion: claims.agentVersion === null ? null : shown(claims.agentVersion),
});

/** Progress as an event holds it: a bank that was not replayed is left out. The verifier trusts no more keys than one keeps. */
const storable = ({ tpm, ima }: Judged['appraisal']['progress']): AppraisalProgress => {
  if (ima === null) return { tpm, ima };
  const point = ({ entries, replay }: { readonly entries: number; readonly replay: object }) => ({
    entries,
    replay: Object.fromEntries(Object.entries(replay).filter(([, value]) => value !== undefined)),
  });
  return { tpm, ima: { ...ima, attested: point(ima.attested), seen: point(ima.seen) } };
};
