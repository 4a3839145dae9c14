import type { Finding } from '../finding.ts';
import { check, finding, hexOf, isZero } from './check.ts';
import type { SnpProduct } from './claims.ts';
import { reportBytes } from './limits.ts';
import { cpuidFromVersion } from './product.ts';
import type { SnpReport } from './report.ts';
import { reservedTcbBytes } from './tcb.ts';

/**
 * Versions that are read. 2, 3 and 5 are specified and seen on machines. No report of version 4 is known in public; other
 * verifiers read it as 3, and so do we: what it might add stands in bytes that must be zero in 3.
 */
export const reportVersions: readonly number[] = [2, 3, 4, 5];

const mitigationsFromVersion = 5;
const policyBitAlwaysOne = 17n;
const policyBitsKnown = 26n;
const platformBitsKnown: Readonly<Record<SnpProduct, bigint>> = { milan: 0x3fn, genoa: 0x3fn, turin: 0xffn };
const signingKeys = ['vcek', 'vlek'] as const;

export const signingKeyOf = ({ flags }: SnpReport): 'vcek' | 'vlek' | null => signingKeys[(flags >> 2) & 7] ?? null;
export const isChipKeyMasked = ({ flags }: SnpReport): boolean => (flags & 2) !== 0;
export const isAuthorKeyEnabled = ({ flags }: SnpReport): boolean => (flags & 1) !== 0;

/** What the format of a report fixes, whoever signed it: values that are allowed, and bits and bytes that are zero in this version on this product. */
export const reportChecks = (report: SnpReport, product: SnpProduct | null): readonly Finding[] => {
  const { version, signatureAlgorithm, vmpl, flags, policy } = report;
  const nonZero = nonZeroReserved(report);
  const isPolicy = policy >> policyBitsKnown === 0n && ((policy >> policyBitAlwaysOne) & 1n) === 1n;
  return [
    finding('snp-report-version', reportVersions.includes(version), `${version}`, () => reportVersions.join(', ')),
    check('snp-signature-algorithm', signatureAlgorithm === 1, `${signatureAlgorithm}`, '1 (ECDSA P-384 with SHA-384)'),
    check('snp-vmpl', vmpl <= 3, `${vmpl}`, '0 to 3'),
    finding('snp-policy-form', isPolicy, () => hex64(policy), 'bit 17 set, bits 26 to 63 zero'),
    finding('snp-flags-form', flags >>> 5 === 0, () => `0x${flags.toString(16)}`, 'bits 5 to 31 zero'),
    check('snp-reserved-bytes', nonZero === null, nonZero ?? 'zero', 'zero'),
    ...(product === null ? [] : productChecks(report, product)),
    signatureFormCheck(report),
  ];
};

const productChecks = (report: SnpReport, product: SnpProduct): readonly Finding[] => {
  const unknown = report.platformInfo & ~platformBitsKnown[product];
  const wanted = (): string => `no bits beyond ${hex64(platformBitsKnown[product])} on ${product}`;
  const { reportedTcb, currentTcb, committedTcb, launchTcb } = report;
  const tcbs = [reportedTcb, currentTcb, committedTcb, launchTcb];
  const odd = tcbs.findIndex((tcb) => reservedTcbBytes[product].some((at) => tcb[at] !== 0));
  const name = tcbNames[odd];
  const observed = name === undefined ? 'zero' : `${name} TCB ${hexOf(tcbs[odd] ?? launchTcb)}`;
  return [
    finding('snp-platform-info-form', unknown === 0n, () => hex64(report.platformInfo), wanted),
    finding(
      'snp-tcb-form',
      name === undefined,
      observed,
      () => `bytes ${reservedTcbBytes[product].join(', ')} zero on ${product}`,
    ),
  ];
};

const tcbNames = ['reported', 'current', 'committed', 'launch'] as const;

/** A number of 48 bytes stands in a field of 72: the rest is zero, or a second signature would verify as the first. */
const signatureFormCheck = ({ signatureR, signatureS }: SnpReport): Finding => {
  const padded = isZero(signatureR, 48, signatureR.length) && isZero(signatureS, 48, signatureS.length);
  return check(
    'snp-signature-form',
    padded,
    padded ? 'zero' : 'bytes above the 48th',
    'R and S of 48 bytes, the rest zero',
  );
};

type Range = readonly [from: number, to: number];

/** Bytes without a meaning in any version. */
const reserved: readonly Range[] = [
  [0x04c, 0x050],
  [0x1eb, 0x1ec],
  [0x1ef, 0x1f0],
  [0x330, reportBytes],
];

/** What a newer version says in bytes that are reserved in older ones. */
const reservedBy = {
  cpuid: { absent: [0x188, 0x1a0], present: [0x18b, 0x1a0] },
  mitigations: { absent: [0x1f8, 0x2a0], present: [0x208, 0x2a0] },
} as const satisfies Readonly<Record<string, Readonly<Record<'absent' | 'present', Range>>>>;

const nonZeroReserved = ({ bytes, version }: SnpReport): string | null => {
  const cpuid = version < cpuidFromVersion ? 'absent' : 'present';
  const mitigations = version < mitigationsFromVersion ? 'absent' : 'present';
  const found =
    reserved.find((range) => !isZero(bytes, range[0], range[1])) ??
    [reservedBy.cpuid[cpuid], reservedBy.mitigations[mitigations]].find((range) => !isZero(bytes, range[0], range[1]));
  return found === undefined
    ? null
    : `bytes 0x${found[0].toString(16)} to 0x${(found[1] - 1).toString(16)} are not zero`;
};

export const hasMitigations = ({ version }: SnpReport): boolean => version >= mitigationsFromVersion;

export const hex64 = (bits: bigint): string => `0x${bits.toString(16)}`;
