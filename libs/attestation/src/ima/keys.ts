import { createPublicKey, hash, type KeyObject, X509Certificate } from 'node:crypto';
import { Malformed } from '../malformed.ts';
import { type Point, toBigint } from './ecdsa-digest.ts';
import { limits } from './limits.ts';

/** A prime curve y² = x³ + ax + b of a base point whose order is prime. */
export type Curve = {
  readonly bits: number;
  readonly p: bigint;
  readonly n: bigint;
  readonly a: bigint;
  readonly b: bigint;
  readonly base: Point;
};

/** A key that may have signed files. */
export type ImaKey = {
  /** Last four bytes of the SHA-1 of the subjectPublicKey, hex: what a signature names its key by. */
  readonly id: string;
  readonly material:
    | { readonly kind: 'rsa'; readonly key: KeyObject; readonly signatureBytes: number }
    | { readonly kind: 'ecdsa'; readonly curve: Curve; readonly point: Point };
};

/**
 * A public key out of PEM (a key or a certificate) or DER (SPKI or a certificate). RSA from 1024 bits on, because machines
 * of some years ago sign with such; ECDSA on P-256, P-384 and secp256k1. A certificate is only the container of its key: whether it is
 * trusted is what listing it says. Throws Malformed for anything else.
 */
export const readImaKey = (encoded: string | Uint8Array): ImaKey => {
  if (encoded.length > limits.certificateBytesMax) {
    throw new Malformed('too-large', 'IMA key', `${encoded.length} bytes`, `at most ${limits.certificateBytesMax}`);
  }
  const key = publicKeyOf(encoded);
  if (key.asymmetricKeyType === 'rsa') return rsaKey(key);
  const curve = curves[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (key.asymmetricKeyType !== 'ec' || curve === undefined) {
    const observed = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? 'another kind of key';
    throw new Malformed('unknown-form', 'IMA key', observed, 'RSA, P-256, P-384 or secp256k1');
  }
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const [bytesX, bytesY] = [Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')];
  const point = { x: toBigint(bytesX), y: toBigint(bytesY) };
  return { id: idOf(Buffer.concat([Buffer.of(4), bytesX, bytesY])), material: { kind: 'ecdsa', curve, point } };
};

const rsaKey = (key: KeyObject): ImaKey => {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < 1_024 || bits > 8_192)
    throw new Malformed('wrong-value', 'IMA key', `RSA-${bits}`, 'RSA-1024 to RSA-8192');
  const id = idOf(key.export({ format: 'der', type: 'pkcs1' }));
  return { id, material: { kind: 'rsa', key, signatureBytes: Math.ceil(bits / 8) } };
};

const idOf = (subjectPublicKey: Uint8Array): string => hash('sha1', subjectPublicKey, 'hex').slice(-8);

const publicKeyOf = (encoded: string | Uint8Array): KeyObject => {
  const bytes = Buffer.from(encoded);
  const isPem = bytes.includes('-----BEGIN ');
  const attempts = [
    () => new X509Certificate(bytes).publicKey,
    () => (isPem ? createPublicKey(bytes) : createPublicKey({ key: bytes, format: 'der', type: 'spki' })),
  ];
  for (const attempt of attempts) {
    try {
      // A private key in PEM would give its public half, and nobody should send one here.
      if (!bytes.includes('PRIVATE KEY')) return attempt();
    } catch {
      // Not in this form: the next one is tried, and the last line says what was wanted.
    }
  }
  throw new Malformed('unknown-form', 'IMA key', 'other bytes', 'a public key or certificate, PEM or DER');
};

/** FIPS 186-4, D.1.2.3 and D.1.2.4; SEC 2, 2.4.1. */
const curves: Readonly<Record<string, Curve>> = {
  prime256v1: {
    bits: 256,
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    a: -3n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    base: {
      x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
      y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
    },
  },
  secp384r1: {
    bits: 384,
    p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    a: -3n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    base: {
      x: 0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7n,
      y: 0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5fn,
    },
  },
  secp256k1: {
    bits: 256,
    p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2fn,
    n: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
    a: 0n,
    b: 7n,
    base: {
      x: 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n,
      y: 0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n,
    },
  },
};
