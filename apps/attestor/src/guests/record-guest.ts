import type { UnixMs } from '#domain';
import { attesterId as attesterIdOf } from '#events';
import { type RecordAppraisal, shortClaims, shownRefusals } from '../rounds/record.ts';
import type { JudgedGuest } from './judging-guests.ts';

export type GuestVerdict = {
  readonly judged: JudgedGuest;
  readonly appraisalId: string;
  readonly attestorId: string;
  readonly vmId: string;
  readonly nonceSha256: string;
  readonly nonceExpiresAt: UnixMs;
  readonly evidenceSha256: string | null;
  readonly now: UnixMs;
};

/** A verdict on a guest as the command that records it. Nothing more is awaited of a guest: it comes when it starts. */
export const guestCommandOf = (verdict: GuestVerdict): RecordAppraisal => {
  const { judged, vmId, now, appraisalId, attestorId, nonceSha256, nonceExpiresAt, evidenceSha256 } = verdict;
  const { tier, groups, platform, claims, refusals } = judged.appraisal;
  return {
    ...{ type: 'RecordAppraisal', now, attesterId: attesterIdOf.decode(vmId), kind: 'guest', appraisalId },
    ...{ attestorId, nonceSha256, nonceExpiresAt, evidenceSha256, policies: [judged.inForce.used] },
    ...{ platform, tier, groups, claims: shortClaims(claims), refusals: shownRefusals(refusals) },
    ...{ progress: { tpm: null, ima: null }, nextDueAt: now },
  };
};
