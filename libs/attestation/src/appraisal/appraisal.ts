import { imaWarningCodes } from '../ima/appraise.ts';
import type { SnpClaims } from '../snp/claims.ts';
import { sayTcb } from '../snp/tcb.ts';
import type { Check, EvidenceRefusal, Verified } from '../verdict.ts';
import { appraisalLimits as limits } from './limits.ts';
import { type EvidenceGroup, evidenceGroups, type GroupTiers, type Tier, tierOf } from './tier.ts';

export interface GroupRefusal extends EvidenceRefusal {
  readonly group: EvidenceGroup;
}

/** Facts that stay with a verdict; a guest has none of a TPM or of files. A fact that nothing vouches for is null. */
export interface AppraisalFacts {
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

/** A verdict, on a host or a guest, and why. Plain data. */
export interface Appraisal {
  readonly tier: Tier;
  readonly groups: GroupTiers;
  /** Every check that was made, in order. */
  readonly checks: Readonly<Record<EvidenceGroup, readonly Check[]>>;
  /** The failed ones, those that only warn last; bounded in number and length. */
  readonly refusals: readonly GroupRefusal[];
  readonly platform: 'simulated' | 'sev-snp';
  readonly claims: AppraisalFacts;
}

/** The tier of each group. One of which only its absence is known says nothing, required or not. */
export const tiersOf = (checks: Appraisal['checks']): GroupTiers => {
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

/** The failed checks, those that only warn last; bounded in number and length. */
export const refusalsOf = (checks: Appraisal['checks']): readonly GroupRefusal[] => {
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

/** What speaks: by the report where one verified, else by what the network is. */
export const platformOf = (
  snp: Verified<SnpClaims> | null,
  network: { readonly kind: 'simulated' | 'production' },
): Appraisal['platform'] => {
  const simulated = snp?.ok === true ? snp.claims.simulated : network.kind === 'simulated';
  return simulated ? 'simulated' : 'sev-snp';
};

/** Of evidence that shows nothing. */
export const noFacts: AppraisalFacts = {
  ...{ chipId: null, product: null, reportedTcb: null, launchDigest: null, ekPublicSha256: null, akName: null },
  ...{ imaEntries: 0, imaNotAttested: 0, agentVersion: null },
};

/** The facts of a report, if it verified. */
export const claimsOfReport = (
  snp: Verified<SnpClaims> | null,
): Pick<AppraisalFacts, 'chipId' | 'product' | 'reportedTcb' | 'launchDigest'> => {
  if (snp?.ok !== true) return { chipId: null, product: null, reportedTcb: null, launchDigest: null };
  const { chipIdHex, product, tcb, measurementHex } = snp.claims;
  return { chipId: chipIdHex, product, reportedTcb: sayTcb(tcb.reported), launchDigest: measurementHex };
};
