import type { Check } from '../verdict.ts';
import { check, hexOf, isFilled, isZero, unchecked } from './check.ts';
import { productOfReport } from './product.ts';
import type { SnpReport } from './report.ts';
import { isChipKeyMasked, signingKeyOf } from './report-checks.ts';
import { partsBelow, readTcb, sameTcb, sayTcb } from './tcb.ts';
import type { VekCertificate } from './vek.ts';

/** What ties a report to the certificate of the key that signed it: product, kind of key, firmware part by part, chip. */
export const bindingChecks = (report: SnpReport, vek: VekCertificate): readonly Check[] => [
  productCheck(report, vek),
  signingKeyCheck(report, vek),
  ...tcbChecks(report, vek),
  chipCheck(report, vek),
];

/** A report of version 2 does not say what made it. On Turin there is none of that version, so that its layout is no guess. */
const productCheck = (report: SnpReport, { product, productName }: VekCertificate): Check => {
  const own = productOfReport(report);
  const { family, model } = report.cpuid;
  const observed =
    own === undefined
      ? `version ${report.version} under a certificate of ${productName}`
      : `${own ?? 'unknown processor'} (family 0x${family.toString(16)}, model 0x${model.toString(16)})`;
  const wanted = own === undefined ? 'version 3 or later on Turin' : product;
  return check('snp-product', own === undefined ? product !== 'turin' : own === product, observed, wanted);
};

const signingKeyCheck = (report: SnpReport, { kind }: VekCertificate): Check => {
  const own = signingKeyOf(report);
  return check('snp-signing-key', own === kind, own ?? `SIGNING_KEY ${(report.flags >> 2) & 7}`, kind);
};

const tcbChecks = (report: SnpReport, { product, tcb }: VekCertificate): readonly Check[] => {
  const reported = readTcb(report.reportedTcb, product);
  const current = readTcb(report.currentTcb, product);
  const committed = readTcb(report.committedTcb, product);
  const [notReached, notRun] = [partsBelow(current, tcb), partsBelow(current, committed)];
  return [
    check('snp-reported-tcb', sameTcb(reported, tcb), sayTcb(reported), `${sayTcb(tcb)}, as the certificate says`),
    check('snp-certificate-tcb', notReached.length === 0, sayTcb(tcb), `at most the current ${sayTcb(current)}`),
    check('snp-committed-tcb', notRun.length === 0, sayTcb(committed), `at most the current ${sayTcb(current)}`),
  ];
};

const chipCheck = (report: SnpReport, { kind, hwId }: VekCertificate): Check => {
  const code = 'snp-chip-id';
  const wanted = hwId === null ? 'a certificate of one chip' : hexOf(hwId);
  if (kind === 'vlek') return unchecked(code, 'a VLEK names no chip', 'the chip of a VCEK');
  if (isChipKeyMasked(report) && isFilled(report.chipId, 0)) return unchecked(code, 'masked by the host', wanted);
  return check(code, hwId !== null && isChip(report.chipId, hwId), hexOf(report.chipId), wanted);
};

/** A chip id fills its 64 bytes from the front, and zeros follow. */
export const isChip = (chipId: Uint8Array, hwId: Uint8Array): boolean =>
  hwId.every((byte, at) => byte === chipId[at]) && isZero(chipId, hwId.length, chipId.length);
