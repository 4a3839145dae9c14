import type { Finding } from '../finding.ts';
import { check, finding, hexOf, isFilled, isZero, unchecked } from './check.ts';
import { productOfReport } from './product.ts';
import type { SnpReport } from './report.ts';
import { isChipKeyMasked, signingKeyOf } from './report-checks.ts';
import { partsBelow, readTcb, sameTcb, sayTcb } from './tcb.ts';
import type { VekCertificate } from './vek.ts';

/** What ties a report to the certificate of the key that signed it: product, kind of key, firmware part by part, chip. */
export const bindingChecks = (report: SnpReport, vek: VekCertificate): readonly Finding[] => [
  productCheck(report, vek),
  signingKeyCheck(report, vek),
  ...tcbChecks(report, vek),
  chipCheck(report, vek),
];

/** A report of version 2 does not say what made it. On Turin there is none of that version, so that its layout is no guess. */
const productCheck = (report: SnpReport, { product, productName }: VekCertificate): Finding => {
  const own = productOfReport(report);
  const { family, model } = report.cpuid;
  const observed = (): string =>
    own === undefined
      ? `version ${report.version} under a certificate of ${productName}`
      : `${own ?? 'unknown processor'} (family 0x${family.toString(16)}, model 0x${model.toString(16)})`;
  const wanted = own === undefined ? 'version 3 or later on Turin' : product;
  return finding('snp-product', own === undefined ? product !== 'turin' : own === product, observed, wanted);
};

const signingKeyCheck = (report: SnpReport, { kind }: VekCertificate): Finding => {
  const own = signingKeyOf(report);
  return check('snp-signing-key', own === kind, own ?? `SIGNING_KEY ${(report.flags >> 2) & 7}`, kind);
};

const tcbChecks = (report: SnpReport, { product, tcb }: VekCertificate): readonly Finding[] => {
  const reported = readTcb(report.reportedTcb, product);
  const current = readTcb(report.currentTcb, product);
  const committed = readTcb(report.committedTcb, product);
  const notReached = partsBelow(current, tcb);
  const notRun = partsBelow(current, committed);
  const atMost = (): string => `at most the current ${sayTcb(current)}`;
  return [
    finding(
      'snp-reported-tcb',
      sameTcb(reported, tcb),
      () => sayTcb(reported),
      () => `${sayTcb(tcb)}, as the certificate says`,
    ),
    finding('snp-certificate-tcb', notReached.length === 0, () => sayTcb(tcb), atMost),
    finding('snp-committed-tcb', notRun.length === 0, () => sayTcb(committed), atMost),
  ];
};

const chipCheck = (report: SnpReport, { kind, hwId }: VekCertificate): Finding => {
  const code = 'snp-chip-id';
  if (kind === 'vlek') return unchecked(code, 'a VLEK names no chip', 'the chip of a VCEK');
  const wanted = (): string => (hwId === null ? 'a certificate of one chip' : hexOf(hwId));
  if (isChipKeyMasked(report) && isFilled(report.chipId, 0)) return unchecked(code, 'masked by the host', wanted());
  return finding(code, hwId !== null && isChip(report.chipId, hwId), () => hexOf(report.chipId), wanted);
};

/** A chip id fills its 64 bytes from the front, and zeros follow. */
export const isChip = (chipId: Uint8Array, hwId: Uint8Array): boolean => {
  for (let at = 0; at < hwId.length; at += 1) if (hwId[at] !== chipId[at]) return false;
  return isZero(chipId, hwId.length, chipId.length);
};
