import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A TPM in software, as far as a quote goes: an ECDSA attestation key with the attributes it should have. */
export interface SoftTpm {
  readonly key: KeyObject;
  /** TPMT_PUBLIC. */
  readonly akPublic: Buffer;
  /** TPM name, lower-case hex. */
  readonly akName: string;
}

export interface QuoteTold {
  readonly qualifyingData: Uint8Array;
  /** SHA-256 bank: values in lower-case hex by register. */
  readonly pcrs: Readonly<Record<string, string>>;
  readonly clockMs?: number;
  readonly resetCount?: number;
  readonly safe?: boolean;
}

/** fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign. */
const attributes = (1 << 1) | (1 << 4) | (1 << 5) | (1 << 6) | (1 << 16) | (1 << 18);

export const makeSoftTpm = (): SoftTpm => {
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = createPublicKey(key).export({ format: 'jwk' });
  const akPublic = Buffer.concat([
    ...[u16(0x23), u16(0x0b), u32(attributes), sized(Buffer.alloc(0)), u16(0x10), u16(0x18), u16(0x0b)],
    ...[u16(3), u16(0x10), sized(Buffer.from(x, 'base64url')), sized(Buffer.from(y, 'base64url'))],
  ]);
  const akName = Buffer.concat([u16(0x0b), createHash('sha256').update(akPublic).digest()]).toString('hex');
  return { key, akPublic, akName };
};

/** TPMS_ATTEST and TPMT_SIGNATURE over these registers. */
export const quote = (tpm: SoftTpm, of: QuoteTold): { readonly attest: Buffer; readonly signature: Buffer } => {
  const indices = Object.keys(of.pcrs)
    .map(Number)
    .sort((one, other) => one - other);
  const bitmap = Buffer.alloc(3);
  for (const index of indices) bitmap[index >> 3] = (bitmap[index >> 3] ?? 0) | (1 << (index & 7));
  const digest = createHash('sha256');
  for (const index of indices) digest.update(Buffer.from(of.pcrs[index] ?? '', 'hex'));
  const attest = Buffer.concat([
    ...[u32(0xff544347), u16(0x8018), sized(Buffer.from(tpm.akName, 'hex')), sized(of.qualifyingData)],
    ...[u64(BigInt(of.clockMs ?? 1_000)), u32(of.resetCount ?? 7), u32(0), Buffer.from([of.safe === false ? 0 : 1])],
    ...[u64(0x2020_0101_0000_0000n), u32(1), u16(0x0b), Buffer.from([3]), bitmap, sized(digest.digest())],
  ]);
  const raw = sign('sha256', attest, { key: tpm.key, dsaEncoding: 'ieee-p1363' });
  const signature = Buffer.concat([u16(0x18), u16(0x0b), sized(raw.subarray(0, 32)), sized(raw.subarray(32))]);
  return { attest, signature };
};

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};

const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
};

const sized = (bytes: Uint8Array): Buffer => Buffer.concat([u16(bytes.length), bytes]);
