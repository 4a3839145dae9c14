import { createHash } from 'node:crypto';

/**
 * What a report says of the key or evidence it binds. A report made for one purpose is never taken for another: the purpose
 * is in the transcript.
 */
export type ReportPurpose = 'host-evidence' | GuestPurpose;

/** What a guest asks for with a report: the key of its volume, or leave to go on with what it found inside. */
export type GuestPurpose = 'vm-key' | 'ssh-host-key';

/** Key agreement (HPKE) that a guest may offer: `hybrid` stays secret from who breaks X25519, `classical` does not. */
export const keySuites = {
  hybrid: { name: 'x-wing/hkdf-sha256/aes-256-gcm', publicKeyBytes: 1_216 },
  classical: { name: 'x25519/hkdf-sha256/aes-256-gcm', publicKeyBytes: 32 },
} as const;

/** The boot spec of a miner's system VM. `bootId` is a label the miner makes for one start; nothing is trusted because of it. */
export interface HostBootSpec {
  readonly version: 1;
  readonly network: string;
  readonly kind: 'hccam';
  readonly attesterId: string;
  readonly bootId: string;
  /** Digest of the image that was started, `sha256:` and 64 hex digits. */
  readonly image: string;
}

/**
 * Fields as bytes that can be read back in only one way: for each field its length as a big-endian u32, then its bytes. Text
 * is UTF-8. Two different lists of fields never give the same bytes. Refuses a field of 4 GiB or more.
 */
export const lengthPrefixed = (...fields: readonly (Uint8Array | string)[]): Uint8Array => {
  const parts = fields.flatMap((field) => {
    const bytes = typeof field === 'string' ? wellFormed(field) : field;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat(parts);
};

/** What the TPM signs beside its registers (qualifyingData, 32 bytes): this network's nonce for this attester. */
export const tpmQualifyingData = (of: {
  readonly networkId: string;
  readonly attesterId: string;
  readonly nonce: Uint8Array;
}): Uint8Array =>
  createHash('sha256')
    .update(lengthPrefixed('hcc-tpm-quote-v1', of.networkId, of.attesterId, of.nonce))
    .digest();

/** The canonical text (RFC 8785) of a system VM's boot spec: its members in order of their names, no space between. */
export const hostBootSpecText = ({ version, network, kind, attesterId, bootId, image }: HostBootSpec): string =>
  JSON.stringify({ attesterId, bootId, image, kind, network, version });

/** HOST_DATA (32 bytes) of a VM that was started with this boot spec; takes the canonical text as it was sent. */
export const hostDataOf = (bootSpecText: string): Uint8Array =>
  createHash('sha256').update(wellFormed(bootSpecText)).digest();

/** What a host's evidence puts under its report (32 bytes): the quote, the IMA entries that were sent, the key, the agent. */
export const hostEvidenceBinding = (of: {
  /** TPMS_ATTEST, as signed. */
  readonly attest: Uint8Array;
  /** TPMT_SIGNATURE. */
  readonly signature: Uint8Array;
  /** SHA-256 (32 bytes) of the IMA entries that go with the quote. */
  readonly imaSha256: Uint8Array;
  /** TPM name of the AK: hash id and digest, as bytes. */
  readonly akName: Uint8Array;
  readonly agentVersion: string;
}): Uint8Array =>
  createHash('sha256')
    .update(lengthPrefixed(of.attest, of.signature, of.imaSha256, of.akName, of.agentVersion))
    .digest();

/** Everything that a report is about. */
export interface ReportTerms {
  readonly networkId: string;
  readonly purpose: ReportPurpose;
  readonly nonce: Uint8Array;
  readonly attesterId: string;
  /** The system VM of a miner has generation 0. */
  readonly generation: number;
  readonly bootId: string;
  /** {@link hostEvidenceBinding}; for `vm-key` the guest's public key, for `ssh-host-key` `bootBinding` (guest-boot.ts). */
  readonly binding: Uint8Array;
  /** Name of the key agreement suite of `vm-key`; empty where no key is agreed on. */
  readonly suite?: string;
}

/** The terms of a report as bytes: what REPORT_DATA is the hash of, and for `vm-key` the info that HPKE derives its key with. */
export const reportTranscript = (of: ReportTerms): Uint8Array =>
  lengthPrefixed(
    ...['hcc-report-data', '1', of.suite ?? '', of.networkId, of.purpose],
    of.nonce,
    ...[of.attesterId, String(of.generation), of.bootId],
    of.binding,
  );

/** REPORT_DATA (64 bytes): everything a report is about, so that it cannot be used for anything else. */
export const reportDataOf = (of: ReportTerms): Uint8Array => createHash('sha512').update(reportTranscript(of)).digest();

/** Text with half a surrogate pair has no UTF-8: encoders replace it, so two texts would become the same bytes. */
const wellFormed = (text: string): Uint8Array => {
  if (!text.isWellFormed()) throw new TypeError('text with half a surrogate pair cannot be part of a transcript');
  return Buffer.from(text, 'utf8');
};
