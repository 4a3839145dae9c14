import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { ByteReader } from '../bytes/reader.ts';
import { Malformed } from '../malformed.ts';
import type { Check, Verified } from '../verdict.ts';

/** The 96 bytes with which the owner of a guest says what the processor may start. */
export interface IdBlock {
  /** The only launch digest the processor accepts, lower-case hex. */
  readonly launchDigest: string;
  readonly familyId: string;
  readonly imageId: string;
  readonly version: number;
  readonly guestSvn: number;
  readonly policy: bigint;
}

/** Its authentication: who signed the block, and who vouches for that key. */
export interface IdAuth {
  /** SHA-384 of the key's 0x404 bytes, lower-case hex: what a report has as ID_KEY_DIGEST. */
  readonly idKeyDigest: string;
  /** The same as AUTHOR_KEY_DIGEST; null when nobody vouches. */
  readonly authorKeyDigest: string | null;
  readonly idKey: Uint8Array;
  readonly blockSignature: Uint8Array;
  readonly authorKey: Uint8Array | null;
  readonly idKeySignature: Uint8Array;
}

export interface IdBlockClaims {
  readonly kind: 'snp-id-block';
  readonly block: Omit<IdBlock, 'policy'> & { readonly policy: string };
  readonly idKeyDigest: string;
  readonly authorKeyDigest: string | null;
}

export const idBlockBytes = 96;
export const idAuthBytes = 4096;
const keyBytes = 0x404;
const signatureBytes = 512;
const numberBytes = 72;
const p384Bytes = 48;
const curveP384 = 2;
const ecdsaP384 = 1;

/** Parses an ID block. Throws {@link Malformed} unless it is exactly one of version 1. */
export const parseIdBlock = (bytes: Uint8Array): IdBlock => {
  const reader = new ByteReader(bytes, 'ID_BLOCK', 'little');
  const text = (length: number, field: string): string => Buffer.from(reader.take(length, field)).toString('hex');
  const [launchDigest, familyId, imageId] = [text(48, 'LD'), text(16, 'FAMILY_ID'), text(16, 'IMAGE_ID')];
  const version = reader.u32('VERSION');
  if (version !== 1) throw new Malformed('unknown-form', 'ID_BLOCK.VERSION', `${version}`, '1', 0x50);
  const guestSvn = reader.u32('GUEST_SVN');
  const policy = reader.u64('POLICY');
  reader.end();
  return { launchDigest, familyId, imageId, version, guestSvn, policy };
};

/** Parses an ID authentication. Throws {@link Malformed} for another algorithm than ECDSA P-384 and for reserved bytes in use. */
export const parseIdAuth = (bytes: Uint8Array): IdAuth => {
  const reader = new ByteReader(bytes, 'ID_AUTH', 'little');
  algorithm(reader, 'ID_KEY_ALGO');
  const authored = algorithm(reader, 'AUTHOR_KEY_ALGO', 0);
  zeros(reader, 0x40 - 8, 'RESERVED');
  const blockSignature = reader.take(signatureBytes, 'ID_BLOCK_SIG');
  const idKey = reader.take(keyBytes, 'ID_KEY');
  zeros(reader, 0x680 - 0x240 - keyBytes, 'RESERVED');
  const idKeySignature = reader.take(signatureBytes, 'ID_KEY_SIG');
  const authorKey = reader.take(keyBytes, 'AUTHOR_KEY');
  zeros(reader, idAuthBytes - 0x880 - keyBytes, 'RESERVED');
  reader.end();
  if (!authored && [authorKey, idKeySignature].some((field) => field.some((byte) => byte !== 0))) {
    throw new Malformed('wrong-value', 'ID_AUTH.AUTHOR_KEY_ALGO', '0 before an author key', '0 before zeros', 4);
  }
  return {
    ...{ idKeyDigest: hash('sha384', idKey, 'hex'), idKey, blockSignature, idKeySignature },
    authorKeyDigest: authored ? hash('sha384', authorKey, 'hex') : null,
    authorKey: authored ? authorKey : null,
  };
};

/** Whether the block is signed by its ID key, and the ID key by the author key where there is one. Never throws on its input. */
export const verifyIdBlock = (blockBytes: Uint8Array, authBytes: Uint8Array): Verified<IdBlockClaims> => {
  let block: IdBlock;
  let auth: IdAuth;
  try {
    [block, auth] = [parseIdBlock(blockBytes), parseIdAuth(authBytes)];
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const refusal = {
      code: 'measure-id-block-malformed',
      observed: `${error.what} ${error.observed}`,
      wanted: error.wanted,
    };
    return { ok: false, refusals: [refusal], checks: [{ ...refusal, outcome: 'failed' }] };
  }
  const { authorKey } = auth;
  const checks: readonly Check[] = [
    signatureCheck('measure-id-block-signature', blockBytes, auth.blockSignature, auth.idKey, auth.idKeyDigest),
    authorKey === null
      ? {
          ...{ code: 'measure-id-key-signature', outcome: 'unchecked' },
          ...{ observed: 'no author key', wanted: 'nothing: the author key is optional' },
        }
      : signatureCheck(
          ...(['measure-id-key-signature', auth.idKey, auth.idKeySignature, authorKey] as const),
          auth.authorKeyDigest ?? '',
        ),
  ];
  const failed = checks.filter(({ outcome }) => outcome === 'failed');
  if (failed.length > 0) {
    return { ok: false, checks, refusals: failed.map(({ code, observed, wanted }) => ({ code, observed, wanted })) };
  }
  const { idKeyDigest, authorKeyDigest } = auth;
  const shown = { ...block, policy: `0x${block.policy.toString(16)}` };
  return { ok: true, claims: { kind: 'snp-id-block', block: shown, idKeyDigest, authorKeyDigest }, checks };
};

const signatureCheck = (
  code: string,
  signed: Uint8Array,
  signature: Uint8Array,
  key: Uint8Array,
  digest: string,
): Check => {
  const wanted = `a signature by the key ${digest.slice(0, 16)}`;
  const [publicKey, rs] = [keyObject(key), p1363(signature)];
  if (publicKey === null) return { code, outcome: 'failed', observed: 'a key that is no point of P-384', wanted };
  if (rs === null) return { code, outcome: 'failed', observed: 'bytes beyond R and S', wanted };
  const good = verify('sha384', signed, { key: publicKey, dsaEncoding: 'ieee-p1363' }, rs);
  return { code, outcome: good ? 'passed' : 'failed', observed: good ? 'it verifies' : 'it does not verify', wanted };
};

/** R and S little-endian in 72 bytes each; null where anything is set beyond P-384's 48. */
const p1363 = (bytes: Uint8Array): Uint8Array | null => {
  const [r, s] = [number(bytes, 0), number(bytes, numberBytes)];
  return r === null || s === null || bytes.subarray(2 * numberBytes).some((byte) => byte !== 0)
    ? null
    : Buffer.concat([r, s]);
};

const keyObject = (bytes: Uint8Array): KeyObject | null => {
  const curve = new ByteReader(bytes, 'key', 'little').u32('curve');
  const [x, y] = [number(bytes, 4), number(bytes, 4 + numberBytes)];
  const used = 4 + 2 * numberBytes;
  if (curve !== curveP384 || x === null || y === null || bytes.subarray(used).some((byte) => byte !== 0)) return null;
  try {
    const key = { kty: 'EC', crv: 'P-384', x: x.toString('base64url'), y: y.toString('base64url') };
    return createPublicKey({ key, format: 'jwk' });
  } catch {
    return null;
  }
};

const number = (bytes: Uint8Array, at: number): Buffer | null =>
  bytes.subarray(at + p384Bytes, at + numberBytes).some((byte) => byte !== 0)
    ? null
    : Buffer.from(bytes.subarray(at, at + p384Bytes)).reverse();

/** True for ECDSA P-384, false for `none` where that is allowed. */
const algorithm = (reader: ByteReader, field: string, none?: 0): boolean => {
  const value = reader.u32(field);
  if (value === ecdsaP384 || value === none) return value === ecdsaP384;
  throw new Malformed('unknown-form', `ID_AUTH.${field}`, `${value}`, 'ECDSA P-384 with SHA-384 (1)');
};

const zeros = (reader: ByteReader, length: number, field: string): void => {
  const at = reader.offset;
  if (reader.take(length, field).some((byte) => byte !== 0)) {
    throw new Malformed('wrong-value', `ID_AUTH.${field}`, 'bytes in use', 'zeros', at);
  }
};
