import { constants, type KeyObject, verify } from 'node:crypto';
import { ByteReader } from '../bytes/reader.ts';
import { ecdsaSignature } from '../der/ecdsa-signature.ts';
import { Malformed } from '../malformed.ts';
import { algorithmIds, hex16, requireHash } from './algorithms.ts';
import type { TpmHash, TpmKeyClaims } from './claims.ts';
import { tpmLimits } from './limits.ts';

export type SignatureScheme = 'rsassa' | 'rsapss' | 'ecdsa';

export type TpmSignature =
  | { readonly scheme: 'rsassa' | 'rsapss'; readonly hash: TpmHash; readonly value: Uint8Array }
  | { readonly scheme: 'ecdsa'; readonly hash: TpmHash; readonly r: Uint8Array; readonly s: Uint8Array };

/** Parses a TPMT_SIGNATURE of RSASSA, RSAPSS or ECDSA. Source: TPM 2.0 Library, Part 2, 11.3.4. */
export function parseTpmSignature(bytes: Uint8Array): TpmSignature {
  if (bytes.length > tpmLimits.signatureBytesMax) {
    const wanted = `at most ${tpmLimits.signatureBytesMax}`;
    throw new Malformed('too-large', 'TPMT_SIGNATURE', `${bytes.length} bytes`, wanted);
  }
  const reader = new ByteReader(bytes, 'TPMT_SIGNATURE', 'big');
  const id = reader.u16('sigAlg');
  const scheme = schemeOfId(id);
  if (scheme === undefined) {
    throw new Malformed('unknown-form', 'TPMT_SIGNATURE.sigAlg', hex16(id), 'RSASSA, RSAPSS or ECDSA');
  }
  const hash = requireHash(reader.u16('hash'), 'TPMT_SIGNATURE.hash');
  if (scheme === 'ecdsa') {
    const r = reader.sized16('r');
    const s = reader.sized16('s');
    reader.end();
    return { scheme, hash, r, s };
  }
  const value = reader.sized16('sig');
  reader.end();
  return { scheme, hash, value };
}

/** The signature scheme of a TPM_ALG_ID, or undefined for another. */
export function schemeOfId(id: number): SignatureScheme | undefined {
  if (id === algorithmIds.rsassa) return 'rsassa';
  if (id === algorithmIds.rsapss) return 'rsapss';
  return id === algorithmIds.ecdsa ? 'ecdsa' : undefined;
}

/** A key and what it is: asking node:crypto for it costs as much as a verification. */
export type VerifyingKey = { readonly key: KeyObject; readonly kind: TpmKeyClaims['kind'] };

/** Whether `signature` is `key`'s over `message`. False, too, where key and scheme do not go together. */
export function isSignedBy({ key, kind }: VerifyingKey, signature: TpmSignature, message: Uint8Array): boolean {
  if (signature.scheme === 'ecdsa') {
    const width = coordinateBytes[kind];
    if (width === undefined || !fits(signature.r, width) || !fits(signature.s, width)) return false;
    return verify(signature.hash, message, key, ecdsaSignature(signature.r, signature.s));
  }
  if (!kind.startsWith('rsa-')) return false;
  if (signature.scheme === 'rsassa') return verify(signature.hash, message, key, signature.value);
  // A TPM salts with the hash's size or with as much as fits, depending on its maker.
  const saltLength = constants.RSA_PSS_SALTLEN_AUTO;
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return verify(signature.hash, message, { key, padding, saltLength }, signature.value);
}

/** Whether a number is of a curve's width: TPMs cut leading zeros, or keep them, or add one. */
function fits(digits: Uint8Array, width: number): boolean {
  let from = 0;
  while (digits[from] === 0) from += 1;
  return from < digits.length && digits.length - from <= width;
}

/** Bytes of a coordinate of the curves a TPM attests with. */
const coordinateBytes: Readonly<Partial<Record<TpmKeyClaims['kind'], number>>> = { 'p-256': 32, 'p-384': 48 };
