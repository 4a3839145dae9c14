import type { Curve } from './keys.ts';

/**
 * Whether (r, s) is a signature over a digest. node:crypto hashes what it verifies, and IMA signs a digest of a file that
 * nobody here has; so the curve's arithmetic is here. Everything in it is public: it need not run in constant time.
 */
export const verifyEcdsaDigest = (curve: Curve, key: Point, digest: Uint8Array, r: bigint, s: bigint): boolean => {
  const { n, p } = curve;
  if (r < 1n || s < 1n || r >= n || s >= n || !isOnCurve(curve, key)) return false;
  const w = power(s, n - 2n, n);
  const sum = addMultiples(curve, (leftmost(digest, curve.bits) * w) % n, (r * w) % n, key);
  if (sum === null) return false;
  const zInverse = power(sum.z, p - 2n, p);
  return ((sum.x * zInverse * zInverse) % p) % n === r;
};

export type Point = { readonly x: bigint; readonly y: bigint };

/** (r, s) of a DER signature: two positive INTEGERs in a SEQUENCE, nothing else; null for other bytes. */
export const readEcdsaSignature = (der: Uint8Array): { readonly r: bigint; readonly s: bigint } | null => {
  const [head, , tag, length = 0] = der;
  // Signatures of the curves are shorter than 128 bytes, so each length is one byte.
  if (head !== 0x30 || der[1] !== der.length - 2 || tag !== 0x02 || length >= 0x80) return null;
  const at = 4 + length;
  const second = der[at + 1] ?? 0x80;
  if (der[at] !== 0x02 || second >= 0x80 || at + 2 + second !== der.length) return null;
  const [r, s] = [positive(der.subarray(4, at)), positive(der.subarray(at + 2))];
  return r === null || s === null ? null : { r, s };
};

const positive = (bytes: Uint8Array): bigint | null => {
  const [first, second = 0x80] = bytes;
  const padded = first === 0 && bytes.length > 1;
  if (first === undefined || first >= 0x80 || (padded && second < 0x80)) return null;
  return toBigint(bytes);
};

const leftmost = (digest: Uint8Array, bits: number): bigint => {
  const excess = digest.length * 8 - bits;
  return excess > 0 ? toBigint(digest) >> BigInt(excess) : toBigint(digest);
};

export const toBigint = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);

const isOnCurve = ({ p, a, b }: Curve, { x, y }: Point): boolean =>
  x < p && y < p && modulo(y * y - (x * x * x + a * x + b), p) === 0n;

type Jacobian = { readonly x: bigint; readonly y: bigint; readonly z: bigint };

/** u·G + v·Q, both at once, bit by bit; null at infinity. */
const addMultiples = (curve: Curve, u: bigint, v: bigint, key: Point): Jacobian | null => {
  const base: Jacobian = { ...curve.base, z: 1n };
  const other: Jacobian = { ...key, z: 1n };
  const table = [null, base, other, add(curve, base, other)] as const;
  let sum: Jacobian | null = null;
  for (let bit = BigInt(curve.bits - 1); bit >= 0n; bit -= 1n) {
    if (sum !== null) sum = double(curve, sum);
    const which = Number((u >> bit) & 1n) + 2 * Number((v >> bit) & 1n);
    sum = add(curve, sum, table[which] ?? null);
  }
  return sum;
};

const double = ({ p, a }: Curve, { x, y, z }: Jacobian): Jacobian | null => {
  if (y === 0n) return null;
  const zz = (z * z) % p;
  const yy = (y * y) % p;
  const xyy = (4n * x * yy) % p;
  const slope = modulo(3n * x * x + a * ((zz * zz) % p), p);
  const nextX = modulo(slope * slope - 2n * xyy, p);
  return { x: nextX, y: modulo(slope * (xyy - nextX) - 8n * yy * yy, p), z: (2n * y * z) % p };
};

const add = (curve: Curve, one: Jacobian | null, other: Jacobian | null): Jacobian | null => {
  if (one === null || other === null) return one ?? other;
  const { p } = curve;
  const [zz1, zz2] = [(one.z * one.z) % p, (other.z * other.z) % p];
  const [u1, u2] = [(one.x * zz2) % p, (other.x * zz1) % p];
  const [s1, s2] = [(((one.y * other.z) % p) * zz2) % p, (((other.y * one.z) % p) * zz1) % p];
  if (u1 === u2) return s1 === s2 ? double(curve, one) : null;
  const h = modulo(u2 - u1, p);
  const r = modulo(s2 - s1, p);
  const hh = (h * h) % p;
  const hhh = (h * hh) % p;
  const v = (u1 * hh) % p;
  const x = modulo(r * r - hhh - 2n * v, p);
  return { x, y: modulo(r * (v - x) - s1 * hhh, p), z: (((one.z * other.z) % p) * h) % p };
};

const modulo = (value: bigint, p: bigint): bigint => {
  const rest = value % p;
  return rest < 0n ? rest + p : rest;
};

const power = (base: bigint, exponent: bigint, p: bigint): bigint => {
  let [result, square] = [1n, base % p];
  for (let left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % p;
    square = (square * square) % p;
  }
  return result;
};
