import { createHash } from 'node:crypto';
import { appraiseHostEvidence, type HostAppraisal, refuseHostEvidence } from './appraise-host.ts';
import type { HostContext } from './context.ts';
import { type HostEvidence, readHostEvidence } from './evidence.ts';
import { appraisalLimits as limits } from './limits.ts';
import type { CompiledAppraisalPolicy } from './policy.ts';
import { type EvidenceHints, hintsOf, verifyReport } from './snp-evidence.ts';
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
  const snp = verifyReport(evidence, context);
  const tpm = verifyHostTpm(evidence, context, policy);
  const seen = { evidence, snp, tpm, ima: verifyHostIma(evidence, ima, tpm, context, policy) };
  return { appraisal: appraiseHostEvidence(seen, context, policy), evidenceSha256 };
};

/**
 * Hints out of evidence that nobody has verified; null where it has no report, or is none. See {@link hintsOf}.
 */
export const hintsOfHostEvidence = (document: Uint8Array): EvidenceHints | null => {
  const read = readHostEvidence(document);
  return 'refusal' in read ? null : hintsOf(read.value);
};
