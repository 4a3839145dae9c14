import { isChip } from './binding.ts';
import { hexOf, isFilled } from './check.ts';
import type { SnpClaims, SnpGuestPolicy, SnpPlatformInfo, SnpProduct } from './claims.ts';
import { cpuidFromVersion } from './product.ts';
import type { SnpReport } from './report.ts';
import { hasMitigations, hex64, isAuthorKeyEnabled, isChipKeyMasked } from './report-checks.ts';
import type { RevocationWindow } from './revocation.ts';
import type { TrustRoot } from './roots.ts';
import { readTcb } from './tcb.ts';
import type { VekCertificate } from './vek.ts';

type Endorsed = {
  readonly vek: VekCertificate;
  readonly root: TrustRoot;
  readonly revocation: SnpClaims['revocation'];
  readonly window: RevocationWindow | null;
};

/** The claims of a report that has verified. */
export const claimsOf = (report: SnpReport, { vek, root, revocation, window }: Endorsed): SnpClaims => ({
  reportVersion: report.version,
  product: vek.product,
  cpuid: report.version < cpuidFromVersion ? null : report.cpuid,
  ...chipClaims(report, vek),
  ...guestClaims(report),
  ...platformClaims(report, vek.product),
  vekKind: vek.kind,
  vekSha256: vek.sha256,
  vekNotBeforeMs: vek.certificate.notBeforeMs,
  vekNotAfterMs: vek.certificate.notAfterMs,
  cspId: vek.cspId,
  rootName: root.name,
  simulated: root.simulated,
  revocation,
  revocationNextUpdateMs: window?.nextUpdateMs ?? null,
});

const chipClaims = (report: SnpReport, { kind, hwId, product }: VekCertificate) => ({
  chipIdHex: isFilled(report.chipId, 0) ? null : hexOf(report.chipId.subarray(0, product === 'turin' ? 8 : 64)),
  chipIdBound: kind === 'vcek' && hwId !== null && isChip(report.chipId, hwId),
  chipKeyMasked: isChipKeyMasked(report),
});

const guestClaims = (report: SnpReport) => {
  const { bytes } = report;
  // All of it once: parts of a text cost next to nothing.
  const all = hexOf(bytes);
  const hexAt = (field: Uint8Array): string => {
    const from = 2 * (field.byteOffset - bytes.byteOffset);
    return all.slice(from, from + 2 * field.length);
  };
  return {
    measurementHex: hexAt(report.measurement),
    hostDataHex: hexAt(report.hostData),
    reportDataHex: hexAt(report.reportData),
    familyIdHex: hexAt(report.familyId),
    imageIdHex: hexAt(report.imageId),
    reportIdHex: hexAt(report.reportId),
    reportIdMaHex: isFilled(report.reportIdMa, 0xff) ? null : hexAt(report.reportIdMa),
    idKeyDigestHex: hexAt(report.idKeyDigest),
    authorKeyDigestHex: hexAt(report.authorKeyDigest),
    authorKeyEnabled: isAuthorKeyEnabled(report),
    guestSvn: report.guestSvn,
    vmpl: report.vmpl,
    policy: guestPolicyOf(report.policy),
  };
};

const platformClaims = (report: SnpReport, product: SnpProduct) => ({
  platformInfo: platformInfoOf(report.platformInfo),
  tcb: {
    reported: readTcb(report.reportedTcb, product),
    current: readTcb(report.currentTcb, product),
    committed: readTcb(report.committedTcb, product),
    launch: readTcb(report.launchTcb, product),
  },
  firmware: { current: report.currentFirmware, committed: report.committedFirmware },
  mitigations: hasMitigations(report)
    ? { launchHex: digits(report.launchMitigations), currentHex: digits(report.currentMitigations) }
    : null,
});

/** The guest policy's bits by name. */
export const guestPolicyOf = (bits: bigint): SnpGuestPolicy => {
  const low = Number(bits & 0xffff_ffffn);
  const has = (bit: number): boolean => (low & (1 << bit)) !== 0;
  return {
    abiMajor: (low >> 8) & 0xff,
    abiMinor: low & 0xff,
    smt: has(16),
    migrateMa: has(18),
    debug: has(19),
    singleSocket: has(20),
    cxl: has(21),
    memAes256Xts: has(22),
    raplDis: has(23),
    ciphertextHidingDram: has(24),
    pageSwapDisable: has(25),
    raw: hex64(bits),
  };
};

const platformInfoOf = (bits: bigint): SnpPlatformInfo => {
  const low = Number(bits & 0xffff_ffffn);
  const has = (bit: number): boolean => (low & (1 << bit)) !== 0;
  return {
    smt: has(0),
    tsme: has(1),
    ecc: has(2),
    raplDis: has(3),
    ciphertextHidingDram: has(4),
    aliasCheckComplete: has(5),
    tio: has(7),
    raw: hex64(bits),
  };
};

const digits = (value: bigint): string => value.toString(16).padStart(16, '0');
