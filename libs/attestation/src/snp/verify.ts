import { type Finding, Good, hasFailed, refusedBy } from '../finding.ts';
import type { Verified } from '../verdict.ts';
import { bindingChecks } from './binding.ts';
import {
  type CertificateVerdict,
  type CertificateVerdicts,
  judgeCertificates,
  type SnpEndorsements,
} from './certificate-verdict.ts';
import { check, finding, readOr } from './check.ts';
import type { SnpClaims, SnpProduct } from './claims.ts';
import { claimsOf } from './claims-of.ts';
import { productOfReport } from './product.ts';
import { parseSnpReport, type SnpReport } from './report.ts';
import { reportChecks } from './report-checks.ts';
import { type RevocationWindow, revocationAt } from './revocation.ts';
import type { TrustRoots } from './roots.ts';
import { isReportSignedBy } from './signature.ts';
import { sayTime, sayWindow } from './window.ts';

export interface SnpEvidence extends SnpEndorsements {
  /** The 1,184 bytes of the report. */
  readonly report: Uint8Array;
}

export interface SnpVerification {
  /** The only keys a chain may end in. */
  readonly roots: TrustRoots;
  /** The instant of which the answer is true, in milliseconds since 1970. */
  readonly atMs: number;
  /** A memory of chains; without one, each is verified anew. */
  readonly verdicts?: CertificateVerdicts;
}

/**
 * Whether a report was signed by a genuine processor of one of `roots`, and says what its certificate allows: form, chain,
 * dates, revocation, firmware, chip, signature, in that order. Every check is listed, also after one has failed; claims are
 * there only when none has. What a guest policy should be, or whether an old list will do, is for {@link snpPolicyChecks} to say.
 * Never throws for evidence.
 */
export const verifySnp = (evidence: SnpEvidence, { roots, atMs, verdicts }: SnpVerification): Verified<SnpClaims> => {
  const certificates = verdicts?.judge(evidence, roots) ?? judgeCertificates(evidence, roots);
  const endorsed = [...certificates.checks, ...dateChecks(certificates, atMs)];
  const read = readOr('snp-report-form', () => parseSnpReport(evidence.report));
  if ('failed' in read) return refusedBy([read.failed, ...endorsed]);
  const report = read.value;
  const checks: readonly Finding[] = [
    ...checksOfReport(report, certificates),
    ...endorsed,
    ...checksOfBoth(report, certificates),
  ];
  const { vek, root } = certificates;
  if (vek === null || root === null || checks.some(hasFailed)) return refusedBy(checks);
  const revocation = revocationAt(certificates.revocation, atMs);
  return new Good(claimsOf(report, { vek, root, revocation, window: certificates.revocation }), checks);
};

const checksOfReport = (report: SnpReport, { vek }: CertificateVerdict): readonly Finding[] => [
  check('snp-report-form', true, `${report.bytes.length} bytes`, `${report.bytes.length} bytes`),
  ...reportChecks(report, layoutOf(report, vek?.product ?? null)),
];

const checksOfBoth = (report: SnpReport, { vek, key }: CertificateVerdict): readonly Finding[] => {
  const good = isReportSignedBy(report, { key, curve: vek?.certificate.publicKey.curve ?? null });
  const observed = good ? 'verified' : 'not verified';
  const signature = check('snp-report-signature', good, observed, 'ECDSA P-384 with SHA-384 by the VEK');
  return vek === null ? [signature] : [...bindingChecks(report, vek), signature];
};

/** The layout its bytes are read in: the report's own word where it gives one, else that of its certificate. */
export const layoutOf = (report: SnpReport, ofVek: SnpProduct | null): SnpProduct | null => {
  const own = productOfReport(report);
  return own === 'venice' || own === null ? null : (own ?? ofVek);
};

const dateChecks = ({ dates, revocation }: CertificateVerdict, atMs: number): readonly Finding[] => {
  const wanted = (): string => `valid at ${sayTime(atMs)}`;
  return [
    ...dates.map(({ code, notBeforeMs, notAfterMs }) => {
      const window = (): string => sayWindow(notBeforeMs, notAfterMs);
      return finding(code, notBeforeMs <= atMs && atMs <= notAfterMs, window, wanted);
    }),
    ...(revocation === null ? [] : [listDateCheck(revocation, atMs)]),
  ];
};

/** A list past its date still speaks for what it lists; whether its silence will do is the policy's. */
const listDateCheck = (list: RevocationWindow, atMs: number): Finding => ({
  code: 'snp-crl-dates',
  outcome: revocationAt(list, atMs) === 'fresh' ? 'passed' : 'unchecked',
  observed: () => sayWindow(list.thisUpdateMs, list.nextUpdateMs),
  wanted: () => `in force at ${sayTime(atMs)}`,
});
