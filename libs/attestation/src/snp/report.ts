import { ByteReader } from '../bytes/reader.ts';
import { Malformed } from '../malformed.ts';
import type { SnpFirmware } from './claims.ts';
import { reportBytes, signedBytes } from './limits.ts';

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
  const from = new ByteReader(bytes, 'ATTESTATION_REPORT', 'little');
  const launch = {
    bytes,
    version: from.u32('version'),
    guestSvn: from.u32('guest_svn'),
    policy: from.u64('policy'),
    familyId: from.take(16, 'family_id'),
    imageId: from.take(16, 'image_id'),
    vmpl: from.u32('vmpl'),
    signatureAlgorithm: from.u32('signature_algo'),
    currentTcb: from.take(8, 'current_tcb'),
    platformInfo: from.u64('platform_info'),
    flags: from.u32('flags'),
  };
  from.take(4, 'reserved');
  const identity = {
    reportData: from.take(64, 'report_data'),
    measurement: from.take(48, 'measurement'),
    hostData: from.take(32, 'host_data'),
    idKeyDigest: from.take(48, 'id_key_digest'),
    authorKeyDigest: from.take(48, 'author_key_digest'),
    reportId: from.take(32, 'report_id'),
    reportIdMa: from.take(32, 'report_id_ma'),
    reportedTcb: from.take(8, 'reported_tcb'),
    cpuid: { family: from.u8('cpuid_fam_id'), model: from.u8('cpuid_mod_id'), stepping: from.u8('cpuid_step') },
  };
  from.take(21, 'reserved');
  const platform = {
    chipId: from.take(64, 'chip_id'),
    committedTcb: from.take(8, 'committed_tcb'),
    currentFirmware: firmware(from, 'current'),
    committedFirmware: firmware(from, 'committed'),
    launchTcb: from.take(8, 'launch_tcb'),
    launchMitigations: from.u64('launch_mit_vector'),
    currentMitigations: from.u64('current_mit_vector'),
  };
  from.take(signedBytes - from.offset, 'reserved');
  return {
    ...launch,
    ...identity,
    ...platform,
    signatureR: from.take(72, 'signature.r'),
    signatureS: from.take(72, 'signature.s'),
  };
};

const firmware = (from: ByteReader, which: string): SnpFirmware => {
  const build = from.u8(`${which}_build`);
  const minor = from.u8(`${which}_minor`);
  const major = from.u8(`${which}_major`);
  from.take(1, 'reserved');
  return { major, minor, build };
};
