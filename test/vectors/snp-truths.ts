import { createPublicKey } from 'node:crypto';
import {
  isReportSignedBy,
  judgeCertificates,
  Malformed,
  parseSnpReport,
  readTcb,
  readVek,
  type SnpEndorsements,
  type SnpReport,
  sameTcb,
  type TrustRoots,
  type VekCertificate,
} from '#attestation';
import type { SnpRow } from './snp.ts';

const reportBytes = 1184;
const chainChecks: readonly string[] = [
  ...['snp-vek-issuer', 'snp-root-pinned', 'snp-intermediate-signature', 'snp-vek-signature'],
];

type Given = { readonly report: Uint8Array; readonly endorsements: SnpEndorsements; readonly roots: TrustRoots };

/** Single facts a row states beside its verdict that differ from what the bytes say, each found on its own, whatever else is wrong. */
export const truthsOf = ({ expect }: SnpRow, { report, endorsements, roots }: Given): readonly string[] => {
  const vek = vekOf(endorsements.vek);
  const view = reportView(report);
  const chain = chainHolds(endorsements, roots);
  const ours: Readonly<Record<string, boolean | null>> = {
    report_signature: report.length === reportBytes && vek !== null && isSigned(view, vek),
    vek_chain: chain,
    chain_signatures: chain,
    tcb_equals_vek: vek !== null && sameTcb(readTcb(view.reportedTcb, vek.product), vek.tcb),
    hwid_equals_vek: vek === null || vek.hwId === null ? null : isChipOf(view, vek.hwId),
  };
  return Object.entries(expect).flatMap(([name, wanted]) =>
    !(name in ours) || wanted === undefined || (name !== 'hwid_equals_vek' && wanted === null) || ours[name] === wanted
      ? []
      : [`${name} is ${ours[name]}`],
  );
};

/** A report cut short or too long has no fields of its own; what stands where they would be is read, to be compared and nothing else. */
export const reportView = (bytes: Uint8Array): SnpReport => {
  const whole = new Uint8Array(reportBytes);
  whole.set(bytes.subarray(0, reportBytes));
  return parseSnpReport(whole);
};

const isSigned = (report: SnpReport, { certificate }: VekCertificate): boolean => {
  const key = Buffer.from(certificate.publicKey.raw);
  return isReportSignedBy(report, {
    key: createPublicKey({ key, format: 'der', type: 'spki' }),
    curve: certificate.publicKey.curve,
  });
};

const chainHolds = (endorsements: SnpEndorsements, roots: TrustRoots): boolean => {
  const { checks } = judgeCertificates(endorsements, roots);
  return chainChecks.every((code) => checks.some((one) => one.code === code && one.outcome === 'passed'));
};

const isChipOf = ({ chipId }: SnpReport, hwId: Uint8Array): boolean =>
  Buffer.compare(chipId.subarray(0, hwId.length), hwId) === 0 &&
  chipId.subarray(hwId.length).every((byte) => byte === 0);

const vekOf = (bytes: Uint8Array): VekCertificate | null => {
  try {
    return readVek(bytes);
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
};
