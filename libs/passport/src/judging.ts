import { hash } from 'node:crypto';
import {
  type Appraisal,
  type CertificateVerdicts,
  type GuestBootPolicy,
  type GuestContext,
  type GuestEvidence,
  hintsOf,
  judgeGuestEvidence,
  parseGuestEvidence,
  type TrustRoots,
  vekIdentityOf,
} from '#attestation';
import type { EvidenceAppraised } from '#domain';
import type { PassportAppraisal } from './document.ts';
import type { Kept } from './kept.ts';
import { passportLimits as limits } from './limits.ts';
import { isInForce, type ListHere, listHere } from './lists.ts';
import type { SeenBoot } from './replay.ts';
import type { Told } from './told.ts';

/** What all verdicts of a passport are judged in. */
export type Court = {
  readonly network: GuestContext['network'];
  readonly kept: Kept;
  readonly boots: readonly SeenBoot[];
  /** Chains that were good before: a VM's verdicts share a chip. */
  readonly chains: CertificateVerdicts;
  /** Whom this network's processors are believed by, for the chain that some evidence came with. */
  readonly rootsOf: (chain: readonly Uint8Array[], vek: Uint8Array | null) => TrustRoots;
};

/** A verdict whose evidence was judged again, or why it could not be. */
export type Rejudged =
  | { readonly kind: 'not-here'; readonly why: string }
  | { readonly kind: 'wrong'; readonly why: string }
  | {
      readonly kind: 'judged';
      readonly appraisal: Appraisal;
      readonly evidence: GuestEvidence;
      readonly boot: SeenBoot;
      readonly certificates: Certificates;
      /** The revocation list that was kept with its evidence; null where none was. */
      readonly list: ListHere | null;
      /** Whether that one was judged with: one that was not in force speaks for nothing. */
      readonly judgedWithList: boolean;
    };

export type Certificates = { readonly vek: Uint8Array; readonly chain: readonly Uint8Array[] };

/**
 * Judges the evidence of a verdict again, as its attestor did: under the policy version it names, at its time, against the boot
 * that the VM's own stream had written down, with the revocation list that was kept with its evidence. Where none was, revocation
 * is looked at by itself, as it is anyway with all lists that are here: it is the one thing that later lists tell better.
 */
export const rejudge = (
  verdict: Told<EvidenceAppraised>,
  listed: PassportAppraisal | undefined,
  court: Court,
): Rejudged => {
  const { event } = verdict;
  if (event.evidenceSha256 === null) return { kind: 'not-here', why: 'its evidence was not kept' };
  if (listed === undefined || listed.evidence === null) {
    return { kind: 'not-here', why: `evidence ${event.evidenceSha256.slice(0, 16)} is not in this passport` };
  }
  if (listed.evidence !== event.evidenceSha256) {
    return { kind: 'wrong', why: `evidence ${listed.evidence} is there; the verdict is on ${event.evidenceSha256}` };
  }
  const policy = policyOf(event, court.kept);
  if (policy.kind !== 'found') return policy;
  const document = court.kept.pieces.get(listed.evidence) ?? new Uint8Array();
  const read = parseGuestEvidence(document);
  if ('refusal' in read) return { kind: 'wrong', why: `evidence that cannot be read: ${read.refusal.observed}` };
  const certificates = certificatesFor(read.value, listed, court.kept);
  if (certificates === null)
    return { kind: 'not-here', why: 'the certificates of its processor are not in this passport' };
  const boots = bootsFor(verdict, court.boots);
  const list = listHere(court.kept.pieces.get(listed.revocationList ?? '') ?? new Uint8Array(), false);
  const judgedWithList = list !== null && isInForce(list, event.appraisedAt);
  const byPolicy = judgedWithList ? policy.policy : withoutList(policy.policy);
  const judged = boots.map((boot) => {
    const context = contextOf(event, listed, { court, boot, certificates, list: judgedWithList ? list : null });
    const { appraisal } = judgeGuestEvidence({ document, evidence: read.value }, context, byPolicy);
    return { kind: 'judged', appraisal, evidence: read.value, boot, certificates, list, judgedWithList } as const;
  });
  const alike = judged.find(({ appraisal }) => appraisal.tier === event.tier) ?? judged[0];
  return alike ?? { kind: 'wrong', why: 'no boot was written down when it was judged' };
};

const withoutList = (policy: GuestBootPolicy): GuestBootPolicy => ({
  ...policy,
  snp: { ...policy.snp, revocationList: 'unchecked' },
});

type Against = {
  readonly court: Court;
  readonly boot: SeenBoot;
  readonly certificates: Certificates;
  readonly list: ListHere | null;
};

const contextOf = (
  { nonceSha256, appraisedAt, attesterId }: EvidenceAppraised,
  { chip }: PassportAppraisal,
  { court, boot: { specified, minerId }, certificates, list }: Against,
): GuestContext => {
  const product = vekIdentityOf(certificates.vek)?.product;
  const { bootId, generation, bootSpec, bootDigest, launchDigests } = specified;
  return {
    ...{ network: court.network, nonceSha256, chip, atMs: appraisedAt, verdicts: court.chains },
    expected: { vmId: attesterId, minerId, generation, bootId, bootSpec, bootDigest, launchDigests },
    ...{ roots: court.rootsOf(certificates.chain, certificates.vek), endorsements: certificates },
    revocationLists: list === null || product === undefined ? {} : { [product]: list.bytes },
  };
};

/**
 * The boot of the release or the confirmation that names the verdict; else those that were written down last before it, the newest
 * first: attestor and orchestrator each have their clock, and a VM may be rebooted while its evidence is on its way.
 */
const bootsFor = ({ event, atMs }: Told<EvidenceAppraised>, boots: readonly SeenBoot[]): readonly SeenBoot[] => {
  const named = boots.find(
    ({ released, confirmed }) =>
      released?.appraisalId === event.appraisalId || confirmed?.appraisalId === event.appraisalId,
  );
  if (named !== undefined) return [named];
  return boots
    .filter((one) => one.atMs <= atMs + limits.clocksApartMs)
    .slice(-2)
    .reverse();
};

const policyOf = ({ policies }: EvidenceAppraised, { policies: kept }: Kept) => {
  const used = policies.find(({ name }) => name === 'guest-boot');
  if (used === undefined) return { kind: 'wrong', why: 'it names no policy guest-boot that it went by' } as const;
  const found = kept.get(used.version);
  if (found === undefined) {
    return { kind: 'not-here', why: `policy guest-boot version ${used.version} is not in this passport` } as const;
  }
  if (found.sha256 !== used.sha256) {
    const why = `policy guest-boot version ${used.version} has another digest than the verdict says it went by`;
    return { kind: 'wrong', why } as const;
  }
  return { kind: 'found', policy: found.policy } as const;
};

const certificatesFor = (
  evidence: GuestEvidence,
  { vek, chain }: PassportAppraisal,
  { pieces }: Kept,
): Certificates | null => {
  if (vek === null) return offeredBy(evidence);
  const found = pieces.get(vek);
  return found === undefined ? null : { vek: found, chain: chain.flatMap((one) => pieces.get(one) ?? []) };
};

const offeredBy = (evidence: GuestEvidence): Certificates | null => {
  const { vek, chain } = hintsOf(evidence)?.offered ?? { vek: null, chain: [] };
  return vek === null ? null : { vek, chain };
};

/** For naming a certificate. */
export const certificateSha256 = (certificate: Uint8Array): string => hash('sha256', certificate, 'hex');
