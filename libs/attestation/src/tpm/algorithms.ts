import { Malformed } from '../malformed.ts';
import type { TpmHash } from './claims.ts';

/** TPM_ALG_ID values of the TCG Algorithm Registry that this library understands. */
export const algorithmIds = {
  rsa: 0x0001,
  aes: 0x0006,
  null: 0x0010,
  rsassa: 0x0014,
  rsapss: 0x0016,
  ecdsa: 0x0018,
  ecc: 0x0023,
  cfb: 0x0043,
} as const;

const hashIds: Readonly<Record<number, TpmHash>> = { 4: 'sha1', 11: 'sha256', 12: 'sha384', 13: 'sha512' };
const idsOfHashes: Readonly<Record<TpmHash, number>> = { sha1: 4, sha256: 11, sha384: 12, sha512: 13 };
const sizes: Readonly<Record<TpmHash, number>> = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 };

/** Bytes of a digest. */
export const digestBytes = (hash: TpmHash): number => sizes[hash];

export const hashId = (hash: TpmHash): number => idsOfHashes[hash];

/** The hash of a TPM_ALG_ID, or undefined for one we do not compute (SM3, SHA-3). */
export const hashOfId = (id: number): TpmHash | undefined => hashIds[id];

/** The hash a field names. Throws Malformed for one that is not among the four. */
export function requireHash(id: number, what: string): TpmHash {
  const hash = hashIds[id];
  if (hash === undefined) throw new Malformed('unknown-form', what, hex16(id), 'SHA-1, SHA-256, SHA-384 or SHA-512');
  return hash;
}

/** A 16-bit id as its specification writes it. */
export const hex16 = (value: number): string => `0x${value.toString(16).padStart(4, '0')}`;
