import type { z } from 'zod';
import { Malformed } from '../malformed.ts';
import { parseCertificateTable } from '../snp/certificate-table.ts';
import type { SnpEndorsements } from '../snp/certificate-verdict.ts';
import type { SnpClaims } from '../snp/claims.ts';
import { parseSnpReport } from '../snp/report.ts';
import { readVek } from '../snp/vek.ts';
import { verifySnp } from '../snp/verify.ts';
import type { Verified } from '../verdict.ts';
import type { ReportTrust } from './context.ts';
import type { snpParts } from './evidence-fields.ts';

type SnpParts = z.output<typeof snpParts>;
type WithReport = { readonly snp: SnpParts | null };

/** What a verifier needs of evidence before it judges it: whose chip to look up, and whose certificates to find. */
export interface EvidenceHints {
  /** The chip (lower-case hex) that the report says it is from; null where it says none. */
  readonly chipIdHex: string | null;
  readonly report: Uint8Array;
  readonly offered: { readonly vek: Uint8Array | null; readonly chain: readonly Uint8Array[] };
}

/**
 * Hints out of evidence that was read and that nobody has verified; null where its report is none. Nothing of it is true yet:
 * judging refuses a lookup of another chip than the one that verified.
 */
export const hintsOf = ({ snp }: WithReport): EvidenceHints | null => {
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

/** Verifies the report of some evidence against what the verifier trusts; null where there is none. Never throws for evidence. */
export const verifyReport = ({ snp }: WithReport, context: ReportTrust): Verified<SnpClaims> | null => {
  if (snp === null) return null;
  const { roots, atMs, verdicts } = context;
  const found = endorsementsOf(snp.certificates, context);
  if ('ok' in found) return found;
  return verifySnp({ report: snp.report, ...found }, { roots, atMs, ...(verdicts === undefined ? {} : { verdicts }) });
};

type Certificates = SnpParts['certificates'];

const endorsementsOf = (given: Certificates, context: ReportTrust): SnpEndorsements | Verified<SnpClaims> => {
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
