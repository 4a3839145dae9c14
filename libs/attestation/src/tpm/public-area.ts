import { createHash } from 'node:crypto';
import { ByteReader } from '../bytes/reader.ts';
import { Malformed } from '../malformed.ts';
import { algorithmIds, digestBytes, hashId, hex16, requireHash } from './algorithms.ts';
import type { TpmHash } from './claims.ts';
import { tpmLimits } from './limits.ts';
import { type SignatureScheme, schemeOfId } from './signature.ts';

/** What a TPM says a key may be used for. TPMA_OBJECT, the bits a verifier asks about. */
export interface TpmAttributes {
  readonly fixedTpm: boolean;
  readonly fixedParent: boolean;
  readonly sensitiveDataOrigin: boolean;
  readonly userWithAuth: boolean;
  readonly restricted: boolean;
  readonly decrypt: boolean;
  readonly sign: boolean;
}

export type TpmKeyMaterial =
  | { readonly kind: 'rsa'; readonly bits: number; readonly exponent: number; readonly modulus: Uint8Array }
  | { readonly kind: 'ecc'; readonly curve: number; readonly x: Uint8Array; readonly y: Uint8Array };

/** TPMT_PUBLIC of an asymmetric key. */
export interface TpmPublic {
  /** The structure without the size in front: what the name is a digest of. */
  readonly bytes: Uint8Array;
  readonly nameHash: TpmHash;
  readonly attributes: TpmAttributes;
  readonly authPolicy: Uint8Array;
  /** The cipher a storage key protects with; undefined for a signing key. */
  readonly symmetric: { readonly algorithm: number; readonly keyBits: number; readonly mode: number } | undefined;
  readonly scheme: { readonly name: SignatureScheme; readonly hash: TpmHash } | undefined;
  readonly key: TpmKeyMaterial;
}

/** Parses TPM2B_PUBLIC or TPMT_PUBLIC, told apart by the bytes: a size in front equals what follows, and no type of key does. */
export function parsePublic(bytes: Uint8Array): TpmPublic {
  if (bytes.length > tpmLimits.publicBytesMax) {
    throw new Malformed('too-large', 'TPM2B_PUBLIC', `${bytes.length} bytes`, `at most ${tpmLimits.publicBytesMax}`);
  }
  const size = new ByteReader(bytes, 'TPM2B_PUBLIC', 'big').u16('size');
  const isSized = size !== algorithmIds.rsa && size !== algorithmIds.ecc;
  if (isSized && size !== bytes.length - 2) {
    const wanted = `${size} (the size in front), or a TPMT_PUBLIC of RSA (0x0001) or ECC (0x0023)`;
    throw new Malformed('wrong-value', 'TPM2B_PUBLIC.size', `${bytes.length - 2} bytes`, wanted, 0);
  }
  return parseTpmtPublic(isSized ? bytes.subarray(2) : bytes);
}

/** The name of a key: the id of its name hash, then that hash over its public area. Source: TPM 2.0 Library, Part 1, 16. */
export function nameOf({ nameHash, bytes }: TpmPublic): Uint8Array {
  const id = hashId(nameHash);
  const digest = createHash(nameHash).update(bytes).digest();
  return Buffer.concat([Buffer.from([id >> 8, id & 0xff]), digest]);
}

function parseTpmtPublic(bytes: Uint8Array): TpmPublic {
  const reader = new ByteReader(bytes, 'TPMT_PUBLIC', 'big');
  const type = reader.u16('type');
  if (type !== algorithmIds.rsa && type !== algorithmIds.ecc) {
    throw new Malformed('unknown-form', 'TPMT_PUBLIC.type', hex16(type), 'RSA (0x0001) or ECC (0x0023)', 0);
  }
  const nameHash = requireHash(reader.u16('nameAlg'), 'TPMT_PUBLIC.nameAlg');
  const attributes = attributesOf(reader.u32('objectAttributes'));
  const authPolicy = reader.sized16('authPolicy');
  if (authPolicy.length !== 0 && authPolicy.length !== digestBytes(nameHash)) {
    const wanted = `0 or ${digestBytes(nameHash)} bytes`;
    throw new Malformed('wrong-value', 'TPMT_PUBLIC.authPolicy', `${authPolicy.length} bytes`, wanted);
  }
  const symmetric = symmetricOf(reader);
  const scheme = schemeOf(reader);
  const key = type === algorithmIds.rsa ? rsaOf(reader) : eccOf(reader);
  reader.end();
  return { bytes, nameHash, attributes, authPolicy, symmetric, scheme, key };
}

function attributesOf(bits: number): TpmAttributes {
  const has = (bit: number): boolean => ((bits >>> bit) & 1) === 1;
  return {
    fixedTpm: has(1),
    fixedParent: has(4),
    sensitiveDataOrigin: has(5),
    userWithAuth: has(6),
    restricted: has(16),
    decrypt: has(17),
    sign: has(18),
  };
}

function symmetricOf(reader: ByteReader): TpmPublic['symmetric'] {
  const algorithm = reader.u16('symmetric.algorithm');
  if (algorithm === algorithmIds.null) return undefined;
  return { algorithm, keyBits: reader.u16('symmetric.keyBits'), mode: reader.u16('symmetric.mode') };
}

function schemeOf(reader: ByteReader): TpmPublic['scheme'] {
  const id = reader.u16('scheme');
  if (id === algorithmIds.null) return undefined;
  const name = schemeOfId(id);
  if (name === undefined) {
    throw new Malformed('unknown-form', 'TPMT_PUBLIC.scheme', hex16(id), 'none, RSASSA, RSAPSS or ECDSA');
  }
  return { name, hash: requireHash(reader.u16('scheme.hash'), 'TPMT_PUBLIC.scheme.hash') };
}

function rsaOf(reader: ByteReader): TpmKeyMaterial {
  const bits = reader.u16('keyBits');
  const exponent = reader.u32('exponent');
  const modulus = reader.sized16('unique');
  if (modulus.length * 8 !== bits || (modulus[0] ?? 0) < 0x80) {
    const observed = `${modulus.length} bytes, first ${modulus[0] ?? 'none'}`;
    throw new Malformed('wrong-value', 'TPMT_PUBLIC.unique', observed, `a modulus of exactly ${bits} bits`);
  }
  return { kind: 'rsa', bits, exponent: exponent === 0 ? 65_537 : exponent, modulus };
}

function eccOf(reader: ByteReader): TpmKeyMaterial {
  const curve = reader.u16('curveID');
  const kdf = reader.u16('kdf');
  if (kdf !== algorithmIds.null) reader.u16('kdf.hash');
  const x = reader.sized16('unique.x');
  const y = reader.sized16('unique.y');
  return { kind: 'ecc', curve, x, y };
}
