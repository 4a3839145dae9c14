import { Malformed } from '../malformed.ts';
import type { SnpFirmware } from './claims.ts';
import { reportBytes } from './limits.ts';

/** The fields of a report as they stand, before anything of it is trusted. Byte fields are views of what was given. */
export interface SnpReport {
  readonly bytes: Uint8Array;
  readonly version: number;
  readonly guestSvn: number;
  readonly policy: bigint;
  readonly familyId: Uint8Array;
  readonly imageId: Uint8Array;
  readonly vmpl: number;
  readonly signatureAlgorithm: number;
  readonly currentTcb: Uint8Array;
  readonly platformInfo: bigint;
  readonly flags: number;
  readonly reportData: Uint8Array;
  readonly measurement: Uint8Array;
  readonly hostData: Uint8Array;
  readonly idKeyDigest: Uint8Array;
  readonly authorKeyDigest: Uint8Array;
  readonly reportId: Uint8Array;
  readonly reportIdMa: Uint8Array;
  readonly reportedTcb: Uint8Array;
  readonly cpuid: { readonly family: number; readonly model: number; readonly stepping: number };
  readonly chipId: Uint8Array;
  readonly committedTcb: Uint8Array;
  readonly currentFirmware: SnpFirmware;
  readonly committedFirmware: SnpFirmware;
  readonly launchTcb: Uint8Array;
  readonly launchMitigations: bigint;
  readonly currentMitigations: bigint;
  /** The two numbers of the signature, little-endian, in fields of 72 bytes. */
  readonly signatureR: Uint8Array;
  readonly signatureS: Uint8Array;
}

/**
 * Reads the 1,184 bytes of an attestation report, little-endian (AMD publication 56860). Refuses any other length, and
 * nothing else: whether the values keep to the format is {@link reportChecks}'s to say, so that a report can be shown with all that is wrong with it.
 */
export const parseSnpReport = (bytes: Uint8Array): SnpReport => {
  if (bytes.length !== reportBytes) {
    const code = bytes.length < reportBytes ? 'truncated' : 'trailing-bytes';
    throw new Malformed(code, 'ATTESTATION_REPORT', `${bytes.length} bytes`, `${reportBytes} bytes`);
  }
  // Views of a Buffer are Buffers, which cost several times as much to make.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const numbers = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const u32 = (at: number): number => numbers.getUint32(at, true);
  const u64 = (at: number): bigint => numbers.getBigUint64(at, true);
  const field = (at: number, length: number): Uint8Array => plain.subarray(at, at + length);
  return {
    bytes,
    version: u32(0x000),
    guestSvn: u32(0x004),
    policy: u64(0x008),
    familyId: field(0x010, 16),
    imageId: field(0x020, 16),
    vmpl: u32(0x030),
    signatureAlgorithm: u32(0x034),
    currentTcb: field(0x038, 8),
    platformInfo: u64(0x040),
    flags: u32(0x048),
    reportData: field(0x050, 64),
    measurement: field(0x090, 48),
    hostData: field(0x0c0, 32),
    idKeyDigest: field(0x0e0, 48),
    authorKeyDigest: field(0x110, 48),
    reportId: field(0x140, 32),
    reportIdMa: field(0x160, 32),
    reportedTcb: field(0x180, 8),
    cpuid: { family: plain[0x188] ?? 0, model: plain[0x189] ?? 0, stepping: plain[0x18a] ?? 0 },
    chipId: field(0x1a0, 64),
    committedTcb: field(0x1e0, 8),
    currentFirmware: firmware(plain, 0x1e8),
    committedFirmware: firmware(plain, 0x1ec),
    launchTcb: field(0x1f0, 8),
    launchMitigations: u64(0x1f8),
    currentMitigations: u64(0x200),
    signatureR: field(0x2a0, 72),
    signatureS: field(0x2e8, 72),
  };
};

const firmware = (report: Uint8Array, at: number): SnpFirmware => ({
  major: report[at + 2] ?? 0,
  minor: report[at + 1] ?? 0,
  build: report[at] ?? 0,
});
