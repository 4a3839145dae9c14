import type { ImaProgress } from '../ima/claims.ts';
import type { SnpClaims } from '../snp/claims.ts';
import type { TpmProgress } from '../tpm/claims.ts';
import type { Check, EvidenceRefusal, Verified } from '../verdict.ts';
import {
  type Appraisal,
  type AppraisalFacts,
  claimsOfReport,
  noFacts,
  platformOf,
  refusalsOf,
  tiersOf,
} from './appraisal.ts';
import type { HostContext } from './context.ts';
import type { HostEvidence } from './evidence.ts';
import {
  absenceCheck,
  hardwareChecks,
  hostDataHexOf,
  imaChecks,
  launchChecks,
  splitSnpChecks,
  tpmChecks,
} from './groups.ts';
import { expectedReportDataHex, identityChecks } from './identity.ts';
import type { CompiledAppraisalPolicy } from './policy.ts';
import { type EvidenceGroup, type GroupTiers, overallTier } from './tier.ts';
import type { ImaSeen, TpmSeen } from './verify-host.ts';

/** A verdict on a host, and why. Plain data. */
export interface HostAppraisal extends Appraisal {
  /**
   * For the next round. Of the quotes: what this one proved, else what was known before. Of the list: what this round proved;
   * null where it proved nothing, and then whoever keeps a record goes on from what it had, so that a list that was
   * refused is asked for again from where it was last good.
   */
  readonly progress: { readonly tpm: TpmProgress | null; readonly ima: ImaProgress | null };
}

export interface HostSeen {
  readonly evidence: HostEvidence;
  readonly snp: Verified<SnpClaims> | null;
  readonly tpm: TpmSeen | null;
  readonly ima: ImaSeen | null;
}

/** Judges evidence that was verified, against what was expected and a policy. Fails closed: see {@link overallTier}. */
export const appraiseHostEvidence = (
  seen: HostSeen,
  context: HostContext,
  policy: CompiledAppraisalPolicy,
): HostAppraisal => {
  const checks = checksOf(seen, context, policy);
  const groups = tiersOf(checks);
  return {
    tier: overallTier(groups, policy.required),
    ...{ groups, checks, refusals: refusalsOf(checks), claims: claimsOf(seen, context) },
    platform: platformOf(seen.snp, context.network),
    progress: progressOf(seen, groups, context),
  };
};

/** The verdict on bytes that are no evidence: nothing is known of any group. */
export const refuseHostEvidence = (refusal: EvidenceRefusal, { network, previous }: HostContext): HostAppraisal => {
  const none: readonly Check[] = [];
  const identity: readonly Check[] = [{ ...refusal, outcome: 'failed' }];
  const checks = { hardware: none, launch: none, tpm: none, ima: none, identity };
  return {
    ...{ tier: 'contraindicated', groups: tiersOf(checks), checks, refusals: refusalsOf(checks), claims: noFacts },
    platform: network.kind === 'simulated' ? 'simulated' : 'sev-snp',
    progress: { tpm: previous.tpm, ima: null },
  };
};

const checksOf = (
  { evidence, snp, tpm, ima }: HostSeen,
  context: HostContext,
  policy: CompiledAppraisalPolicy,
): Appraisal['checks'] => {
  const hostDataHex = hostDataHexOf(evidence);
  const reportDataHex = expectedReportDataHex(evidence, tpm, context);
  const { launchDigests } = policy.document.referenceValues;
  const measurementsHex = launchDigests === 'unchecked' ? launchDigests : launchDigests.map(({ digest }) => digest);
  const byPolicy =
    snp?.ok === true
      ? splitSnpChecks(snp.claims, policy.document.snp, { measurementsHex, hostDataHex, reportDataHex })
      : { hardware: [], launch: [], binding: [] };
  const orAbsence = (group: Exclude<EvidenceGroup, 'identity'>, checks: readonly Check[], present: boolean) =>
    checks.length > 0 ? checks : [absenceCheck(group, present, policy.required.has(group))];
  return {
    hardware: orAbsence('hardware', hardwareChecks(snp, byPolicy.hardware, context), snp !== null),
    launch: orAbsence('launch', launchChecks(snp, byPolicy.launch, evidence, context), snp !== null),
    tpm: orAbsence('tpm', tpmChecks(tpm, context, policy), tpm !== null),
    ima: orAbsence('ima', imaChecks(ima, evidence, policy), ima !== null),
    identity: identityChecks(evidence, snp, byPolicy.binding, context),
  };
};

const claimsOf = ({ evidence, snp, tpm, ima }: HostSeen, { enrolled }: HostContext): AppraisalFacts => {
  const list = ima?.verified?.ok === true ? ima.verified.claims : null;
  return {
    ...claimsOfReport(snp),
    ekPublicSha256: tpm === null ? null : (enrolled?.ekPublicSha256 ?? null),
    akName: tpm?.key?.name ?? null,
    imaEntries: list?.entries ?? 0,
    imaNotAttested: list?.notYetAttested.count ?? 0,
    agentVersion: evidence.agentVersion,
  };
};

/** A quote of another round or another key moves nothing; a list is only gone on with where all of it was good. */
const progressOf = (
  { tpm, ima }: HostSeen,
  groups: GroupTiers,
  { previous }: HostContext,
): HostAppraisal['progress'] => {
  const quoted = groups.tpm === 'affirming' && groups.identity === 'affirming' && tpm?.verified.ok === true;
  const good = quoted && (groups.ima === 'affirming' || groups.ima === 'warning');
  return {
    tpm: quoted ? tpm.verified.claims.progress : previous.tpm,
    ima: good && ima?.verified?.ok === true ? ima.verified.claims.progress : null,
  };
};
