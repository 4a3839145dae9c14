import { createHash } from 'node:crypto';
import { Malformed } from '../malformed.ts';
import { parseCertificateTable } from '../snp/certificate-table.ts';
import type { SnpEndorsements } from '../snp/certificate-verdict.ts';
import type { SnpClaims } from '../snp/claims.ts';
import { parseSnpReport } from '../snp/report.ts';
import { readVek } from '../snp/vek.ts';
import { verifySnp } from '../snp/verify.ts';
import type { Verified } from '../verdict.ts';
import { appraiseHostEvidence, type HostAppraisal, refuseHostEvidence } from './appraise-host.ts';
import type { HostContext } from './context.ts';
import { type HostEvidence, readHostEvidence } from './evidence.ts';
import { appraisalLimits as limits } from './limits.ts';
import type { CompiledAppraisalPolicy } from './policy.ts';
import { verifyHostIma, verifyHostTpm } from './verify-host.ts';

/** Evidence as it was received and as it is kept. */
export interface HostEvidenceBytes {
  /** The JSON document. */
  readonly document: Uint8Array;
  /** The measurement list where it was sent ahead in parts, put together; null where it is in the document. */
  readonly ima: Uint8Array | null;
  /** The document as `readHostEvidence` read it, where somebody did already: it is not read again then. */
  readonly evidence?: HostEvidence;
}

export interface HostJudgement {
  readonly appraisal: HostAppraisal;
  /** SHA-256 of the document, lower-case hex: its address where evidence is kept. */
  readonly evidenceSha256: string;
}

/**
 * Judges a host's evidence: read, verify, appraise. A function of its arguments alone, so that evidence that was kept can be
 * judged again, under another policy or by somebody else. Never throws for evidence.
 */
export const judgeHostEvidence = (
  { document, ima, evidence: given }: HostEvidenceBytes,
  context: HostContext,
  policy: CompiledAppraisalPolicy,
): HostJudgement => {
  const evidenceSha256 = createHash('sha256').update(document).digest('hex');
  if (ima !== null && ima.length > limits.imaBytesMax) {
    const wanted = `a list of at most ${limits.imaBytesMax} bytes`;
    const refusal = { code: 'evidence-too-large', observed: `${ima.length} bytes`, wanted };
    return { appraisal: refuseHostEvidence(refusal, context), evidenceSha256 };
  }
  const read = given === undefined ? readHostEvidence(document) : { value: given };
  if ('refusal' in read) return { appraisal: refuseHostEvidence(read.refusal, context), evidenceSha256 };
  const evidence = read.value;
  const snp = verifyHostSnp(evidence, context);
  const tpm = verifyHostTpm(evidence, context, policy);
  const seen = { evidence, snp, tpm, ima: verifyHostIma(evidence, ima, tpm, context, policy) };
  return { appraisal: appraiseHostEvidence(seen, context, policy), evidenceSha256 };
};

/** What a verifier needs of evidence before it judges it: whose chip to look up, and whose certificates to find. */
export interface HostEvidenceHints {
  /** The chip (lower-case hex) that the report says it is from; null where it says none. */
  readonly chipIdHex: string | null;
  readonly report: Uint8Array;
  readonly offered: { readonly vek: Uint8Array | null; readonly chain: readonly Uint8Array[] };
}

/**
 * Hints out of evidence that nobody has verified; null where it has no report, or is none. Nothing of it is true yet:
 * {@link judgeHostEvidence} refuses a lookup of another chip than the one that verified.
 */
export const hintsOfHostEvidence = (document: Uint8Array): HostEvidenceHints | null => {
  const read = readHostEvidence(document);
  return 'refusal' in read ? null : hintsOf(read.value);
};

/** {@link hintsOfHostEvidence} of a document that was read already. */
export const hintsOf = ({ snp }: HostEvidence): HostEvidenceHints | null => {
  if (snp === null) return null;
  const { report, certificates } = snp;
  try {
    const { chipId, cpuid } = parseSnpReport(report);
    const named = cpuid.family === turinFamily ? chipId.subarray(0, 8) : chipId;
    const chipIdHex = named.every((byte) => byte === 0) ? null : Buffer.from(named).toString('hex');
    return { chipIdHex, report, offered: ownCertificates(certificates) ?? { vek: null, chain: [] } };
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
};

/** Chip ids have 8 bytes from there on. */
const turinFamily = 0x1a;

const verifyHostSnp = ({ snp }: HostEvidence, context: HostContext): Verified<SnpClaims> | null => {
  if (snp === null) return null;
  const { roots, atMs, verdicts } = context;
  const found = endorsementsOf(snp.certificates, context);
  if ('ok' in found) return found;
  return verifySnp({ report: snp.report, ...found }, { roots, atMs, ...(verdicts === undefined ? {} : { verdicts }) });
};

type Certificates = NonNullable<HostEvidence['snp']>['certificates'];

const endorsementsOf = (given: Certificates, context: HostContext): SnpEndorsements | Verified<SnpClaims> => {
  try {
    const own = context.endorsements ?? ownCertificates(given);
    if (own === null) return refusedChain('none', 'a VCEK with the evidence, or one that the verifier knows');
    return { ...own, crl: context.revocationLists[readVek(own.vek).product] ?? null };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return refusedChain(error.message, error.wanted);
  }
};

const refusedChain = (observed: string, wanted: string): Verified<SnpClaims> => {
  const refusal = { code: 'snp-vek-form', observed, wanted };
  return { ok: false, refusals: [refusal], checks: [{ ...refusal, outcome: 'failed' }] };
};

const ownCertificates = (given: Certificates): Pick<SnpEndorsements, 'vek' | 'chain'> | null => {
  if (given === null) return null;
  if (!('table' in given)) return { vek: given.vek, chain: present(given.ask, given.ark) };
  const { vcek, vlek, ask, ark } = parseCertificateTable(given.table);
  const vek = vcek ?? vlek;
  return vek === null ? null : { vek, chain: present(ask, ark) };
};

const present = (...certificates: readonly (Uint8Array | null | undefined)[]): readonly Uint8Array[] =>
  certificates.flatMap((one) => one ?? []);
