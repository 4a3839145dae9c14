import { imaWarningCodes } from '../ima/appraise.ts';
import type { ImaProgress } from '../ima/claims.ts';
import type { SnpClaims } from '../snp/claims.ts';
import { sayTcb } from '../snp/tcb.ts';
import type { TpmProgress } from '../tpm/claims.ts';
import type { Check, EvidenceRefusal, Verified } from '../verdict.ts';
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
import { appraisalLimits as limits } from './limits.ts';
import type { CompiledAppraisalPolicy } from './policy.ts';
import { type EvidenceGroup, evidenceGroups, type GroupTiers, overallTier, type Tier, tierOf } from './tier.ts';
import type { ImaSeen, TpmSeen } from './verify-host.ts';

export interface GroupRefusal extends EvidenceRefusal {
  readonly group: EvidenceGroup;
}

/** Facts of a host that stay with its verdict. A fact that nothing vouches for is null. */
export interface HostClaims {
  readonly chipId: string | null;
  readonly product: string | null;
  readonly reportedTcb: string | null;
  readonly launchDigest: string | null;
  readonly ekPublicSha256: string | null;
  readonly akName: string | null;
  readonly imaEntries: number;
  readonly imaNotAttested: number;
  readonly agentVersion: string | null;
}

/** A verdict on a host, and why. Plain data. */
export interface HostAppraisal {
  readonly tier: Tier;
  readonly groups: GroupTiers;
  /** Every check that was made, in order. */
  readonly checks: Readonly<Record<EvidenceGroup, readonly Check[]>>;
  /** The failed ones, those that only warn last; bounded in number and length. */
  readonly refusals: readonly GroupRefusal[];
  readonly platform: 'simulated' | 'sev-snp';
  readonly claims: HostClaims;
  /** For the next round: what this one proved, else what was known before. A list that was refused is asked for anew. */
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
    platform: platformOf(seen, context),
    progress: progressOf(seen, groups, context),
  };
};

/** The verdict on bytes that are no evidence: nothing is known of any group. */
export const refuseHostEvidence = (refusal: EvidenceRefusal, { network, previous }: HostContext): HostAppraisal => {
  const none: readonly Check[] = [];
  const identity: readonly Check[] = [{ ...refusal, outcome: 'failed' }];
  const checks = { hardware: none, launch: none, tpm: none, ima: none, identity };
  return {
    ...{ tier: 'contraindicated', groups: tiersOf(checks), checks, refusals: refusalsOf(checks), claims: noClaims },
    platform: network.kind === 'simulated' ? 'simulated' : 'sev-snp',
    progress: { tpm: previous.tpm, ima: null },
  };
};

const checksOf = (
  { evidence, snp, tpm, ima }: HostSeen,
  context: HostContext,
  policy: CompiledAppraisalPolicy,
): HostAppraisal['checks'] => {
  const hostDataHex = hostDataHexOf(evidence);
  const reportDataHex = expectedReportDataHex(evidence, tpm, context);
  const byPolicy =
    snp?.ok === true
      ? splitSnpChecks(snp.claims, policy, { hostDataHex, reportDataHex })
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

/** A group of which only its absence is known says nothing, required or not. */
const tiersOf = (checks: HostAppraisal['checks']): GroupTiers => {
  const tier = (group: EvidenceGroup): Tier => {
    const known = checks[group].filter(({ code }) => !absences.has(code));
    return tierOf(known, imaWarningCodes);
  };
  return {
    ...{ hardware: tier('hardware'), launch: tier('launch'), tpm: tier('tpm') },
    ...{ ima: tier('ima'), identity: tier('identity') },
  };
};

const absences: ReadonlySet<string> = new Set([
  ...['hardware-missing', 'launch-missing', 'tpm-missing', 'ima-missing', 'ima-no-quote'],
]);

const refusalsOf = (checks: HostAppraisal['checks']): readonly GroupRefusal[] => {
  const all = evidenceGroups.flatMap((group) =>
    checks[group].flatMap(({ code, outcome, observed, wanted }) =>
      outcome === 'failed' ? [{ group, code, observed: short(observed), wanted: short(wanted) }] : [],
    ),
  );
  const warns = ({ code }: GroupRefusal): boolean => imaWarningCodes.has(code);
  return [...all.filter((one) => !warns(one)), ...all.filter(warns)].slice(0, limits.refusalsMax);
};

const short = (text: string): string =>
  text.length <= limits.refusalTextMax ? text : `${text.slice(0, limits.refusalTextMax - 1).toWellFormed()}…`;

const platformOf = ({ snp }: HostSeen, { network }: HostContext): HostAppraisal['platform'] => {
  const simulated = snp?.ok === true ? snp.claims.simulated : network.kind === 'simulated';
  return simulated ? 'simulated' : 'sev-snp';
};

const noClaims: HostClaims = {
  ...{ chipId: null, product: null, reportedTcb: null, launchDigest: null, ekPublicSha256: null, akName: null },
  ...{ imaEntries: 0, imaNotAttested: 0, agentVersion: null },
};

const claimsOf = ({ evidence, snp, tpm, ima }: HostSeen, { enrolled }: HostContext): HostClaims => {
  const list = ima?.verified?.ok === true ? ima.verified.claims : null;
  const report = snp?.ok === true ? snp.claims : null;
  return {
    chipId: report?.chipIdHex ?? null,
    product: report?.product ?? null,
    reportedTcb: report === null ? null : sayTcb(report.tcb.reported),
    launchDigest: report?.measurementHex ?? null,
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
