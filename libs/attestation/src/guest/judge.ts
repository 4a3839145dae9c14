import { createHash } from 'node:crypto';
import { type Appraisal, claimsOfReport, noFacts, platformOf, refusalsOf, tiersOf } from '../appraisal/appraisal.ts';
import { check } from '../appraisal/check.ts';
import type { DeviceHolder, ReportTrust } from '../appraisal/context.ts';
import { absenceCheck, hardwareChecks, splitSnpChecks } from '../appraisal/groups.ts';
import { verifyReport } from '../appraisal/snp-evidence.ts';
import { type EvidenceGroup, overallTier } from '../appraisal/tier.ts';
import type { SnpClaims } from '../snp/claims.ts';
import { hostDataOf, reportDataOf } from '../transcript.ts';
import type { Check, EvidenceRefusal, Verified } from '../verdict.ts';
import { type GuestEvidence, parseGuestEvidence } from './evidence.ts';
import { guestBindingOf, guestIdentityChecks } from './identity.ts';
import type { GuestBootPolicy } from './policy.ts';

/** What was asked for: the boot that the network wrote down last. */
export interface ExpectedBoot {
  readonly vmId: string;
  /** The miner the VM is placed on. */
  readonly minerId: string;
  readonly generation: number;
  readonly bootId: string;
  /** The canonical text, as the network wrote it. */
  readonly bootSpec: string;
  readonly bootDigest: string;
  /** Any of these, lower-case hex, is what was asked for. */
  readonly launchDigests: readonly string[];
}

/**
 * All that a verdict on a guest depends on beside its evidence and the policy. None of it comes out of the evidence. The same
 * context gives the same verdict at any later time: evidence that was kept can be judged again.
 */
export interface GuestContext extends ReportTrust {
  readonly network: { readonly id: string; readonly kind: 'simulated' | 'production' };
  readonly expected: ExpectedBoot;
  /** SHA-256 (lower-case hex) of the nonce this guest was given. */
  readonly nonceSha256: string;
  /** Whose the chip is that `hintsOf` finds; null where the report names none. */
  readonly chip: DeviceHolder | null;
}

/** Evidence as it was received and as it is kept. */
export interface GuestEvidenceBytes {
  readonly document: Uint8Array;
  /** The document as `parseGuestEvidence` read it, where somebody did already: it is not read again then. */
  readonly evidence?: GuestEvidence;
}

export interface GuestJudgement {
  readonly appraisal: Appraisal;
  /** SHA-256 of the document, lower-case hex: its address where evidence is kept. */
  readonly evidenceSha256: string;
}

/** What a guest has to show. It has no TPM of its own and measures no files: what it runs follows from its launch. */
const required: ReadonlySet<EvidenceGroup> = new Set(['hardware', 'launch', 'identity']);

/**
 * Judges a guest's evidence: read, verify, appraise. A function of its arguments alone. Hardware, launch and identity are
 * judged and required; of TPM and files nothing is said. Never throws for evidence.
 */
export const judgeGuestEvidence = (
  { document, evidence: given }: GuestEvidenceBytes,
  context: GuestContext,
  policy: GuestBootPolicy,
): GuestJudgement => {
  const evidenceSha256 = createHash('sha256').update(document).digest('hex');
  const read = given === undefined ? parseGuestEvidence(document) : { value: given };
  if ('refusal' in read) return { appraisal: refused(read.refusal, context), evidenceSha256 };
  const evidence = read.value;
  const snp = verifyReport(evidence, context);
  const checks = checksOf(evidence, snp, context, policy);
  const claims = { ...noFacts, ...claimsOfReport(snp), agentVersion: evidence.agentVersion };
  return { appraisal: appraised(checks, claims, platformOf(snp, context.network)), evidenceSha256 };
};

const appraised = (
  checks: Appraisal['checks'],
  claims: Appraisal['claims'],
  platform: Appraisal['platform'],
): Appraisal => {
  const groups = tiersOf(checks);
  return { tier: overallTier(groups, required), groups, checks, refusals: refusalsOf(checks), claims, platform };
};

const refused = (refusal: EvidenceRefusal, { network }: GuestContext): Appraisal => {
  const identity: readonly Check[] = [{ ...refusal, outcome: 'failed' }];
  const checks = { hardware: [], launch: [], tpm: [], ima: [], identity };
  return { ...appraised(checks, noFacts, platformOf(null, network)), tier: 'contraindicated' };
};

const checksOf = (
  evidence: GuestEvidence,
  snp: Verified<SnpClaims> | null,
  context: GuestContext,
  policy: GuestBootPolicy,
): Appraisal['checks'] => {
  const byPolicy =
    snp?.ok === true
      ? splitSnpChecks(snp.claims, policy.snp, referencesOf(evidence, context))
      : { hardware: [], launch: [], binding: [] };
  const hardware = hardwareChecks(snp, byPolicy.hardware, context);
  const launch = snp?.ok === true ? [...byPolicy.launch, ...bootChecks(evidence, context, policy)] : [];
  return {
    hardware: hardware.length > 0 ? hardware : [absenceCheck('hardware', snp !== null, true)],
    launch: launch.length > 0 ? launch : [absenceCheck('launch', snp !== null, true)],
    tpm: [],
    ima: [],
    identity: guestIdentityChecks(evidence, { snp, binding: byPolicy.binding, context, policy }),
  };
};

/** What the report must carry: the launch and the spec are the network's, the rest is what was sent, for this VM's boot. */
const referencesOf = (evidence: GuestEvidence, { network, expected }: GuestContext) => {
  const { launchDigests: measurementsHex, bootSpec, vmId: attesterId, generation, bootId } = expected;
  const { purpose, nonce, suite } = evidence;
  const binding = guestBindingOf(evidence);
  const of = { networkId: network.id, purpose, nonce, attesterId, generation, bootId, binding, suite };
  return { measurementsHex, hostDataHex: hexOf(hostDataOf(bootSpec)), reportDataHex: hexOf(reportDataOf(of)) };
};

/** HOST_DATA is held against the network's own text; these say more of what is wrong. */
const bootChecks = (
  { bootSpec }: GuestEvidence,
  { expected }: GuestContext,
  { boots }: GuestBootPolicy,
): readonly Check[] => [
  check('guest-boot-spec', bootSpec === expected.bootSpec, bootSpec, expected.bootSpec),
  check(
    'guest-boot-reference',
    boots.some(({ bootDigest }) => bootDigest === expected.bootDigest),
    expected.bootDigest,
    [...new Set(boots.map(({ bootDigest }) => bootDigest))].join(', '),
  ),
];

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
