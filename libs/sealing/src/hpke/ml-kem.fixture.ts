import { createHash } from 'node:crypto';

// ML-KEM-768 encapsulation (FIPS 203) from stated randomness, which OpenSSL does not offer: published vectors say the
// randomness of both sides, and this makes their ciphertexts. For checking only: slow, and not in constant time.

const q = 3_329;
const k = 3;
type Poly = number[];

/** Ciphertext and shared secret of `m` (32 bytes) under an encapsulation key (1,184 bytes). */
export const encapsulateFrom = (
  ek: Uint8Array,
  m: Uint8Array,
): { readonly ciphertext: Uint8Array; readonly sharedKey: Uint8Array } => {
  const g = hash('sha3-512', 64, m, hash('sha3-256', 32, ek));
  const [sharedKey, r] = [g.subarray(0, 32), g.subarray(32)];
  const rho = ek.subarray(1_152);
  const t = three((i) => unpacked(ek.subarray(384 * i, 384 * (i + 1)), 12));
  const y = three((i) => ntt(noise(r, i)));
  const e1 = three((i) => noise(r, k + i));
  const u = three((i) => {
    const column = three((j) => uniform(rho, i, j));
    return sum(inverse(dot(column, y)), at(e1, i));
  });
  const message = unpacked(m, 1).map((bit) => bit * ((q + 1) / 2));
  const v = sum(sum(inverse(dot(t, y)), noise(r, 2 * k)), message);
  return { ciphertext: Buffer.concat([...u.map((one) => compressed(one, 10)), compressed(v, 4)]), sharedKey };
};

const three = <T>(make: (index: number) => T): T[] => [make(0), make(1), make(2)];

const at = <T>(list: readonly T[], index: number): T => {
  const found = list[index];
  if (found === undefined) throw new RangeError(`there is no ${index}`);
  return found;
};

const hash = (name: string, outputLength: number, ...parts: readonly Uint8Array[]): Buffer =>
  parts.reduce((made, part) => made.update(part), createHash(name, { outputLength })).digest();

const mod = (value: number): number => ((value % q) + q) % q;
const sum = (a: Poly, b: Poly): Poly => a.map((one, i) => mod(one + at(b, i)));
const dot = (a: readonly Poly[], b: readonly Poly[]): Poly => a.map((one, i) => product(one, at(b, i))).reduce(sum);

/** Numbers of so many bits, least significant first. */
const unpacked = (bytes: Uint8Array, bits: number): Poly =>
  Array.from({ length: (bytes.length * 8) / bits }, (_, n) => {
    let value = 0;
    for (let bit = 0; bit < bits; bit += 1) {
      const place = n * bits + bit;
      value += ((at([...bytes.subarray(place >> 3, (place >> 3) + 1)], 0) >> (place & 7)) & 1) << bit;
    }
    return value;
  });

const compressed = (poly: Poly, bits: number): Uint8Array => {
  const bytes = new Uint8Array((poly.length * bits) / 8);
  poly.forEach((value, n) => {
    const small = Math.floor((value * 2 ** bits) / q + 0.5) % 2 ** bits;
    for (let bit = 0; bit < bits; bit += 1) {
      const place = n * bits + bit;
      const index = place >> 3;
      bytes[index] = (bytes[index] ?? 0) | (((small >> bit) & 1) << (place & 7));
    }
  });
  return bytes;
};

/** A_hat[j][i], as the row and column of a transposed product need it. */
const uniform = (rho: Uint8Array, i: number, j: number): Poly => {
  const stream = hash('shake128', 1_680, rho, Uint8Array.of(i, j));
  return unpacked(stream, 12)
    .filter((value) => value < q)
    .slice(0, 256);
};

const noise = (seed: Uint8Array, n: number): Poly => {
  const bits = unpacked(hash('shake256', 128, seed, Uint8Array.of(n)), 1);
  return Array.from({ length: 256 }, (_, i) => {
    const [a, b, c, d] = [at(bits, 4 * i), at(bits, 4 * i + 1), at(bits, 4 * i + 2), at(bits, 4 * i + 3)];
    return mod(a + b - c - d);
  });
};

const power = (exponent: number): number => {
  let value = 1;
  for (let n = 0; n < exponent; n += 1) value = (value * 17) % q;
  return value;
};
const reversed7 = (n: number): number =>
  Number.parseInt(n.toString(2).padStart(7, '0').split('').reverse().join(''), 2);
const zetas = Array.from({ length: 128 }, (_, n) => power(reversed7(n)));
const gammas = Array.from({ length: 128 }, (_, n) => power(2 * reversed7(n) + 1));

const ntt = (poly: Poly): Poly => {
  const f = [...poly];
  let next = 1;
  for (let length = 128; length >= 2; length /= 2) {
    for (let start = 0; start < 256; start += 2 * length) {
      const zeta = at(zetas, next++);
      for (let i = start; i < start + length; i += 1) {
        const t = zeta * at(f, i + length);
        f[i + length] = mod(at(f, i) - t);
        f[i] = mod(at(f, i) + t);
      }
    }
  }
  return f;
};

const inverse = (poly: Poly): Poly => {
  const f = [...poly];
  let next = 127;
  for (let length = 2; length <= 128; length *= 2) {
    for (let start = 0; start < 256; start += 2 * length) {
      const zeta = at(zetas, next--);
      for (let i = start; i < start + length; i += 1) {
        const t = at(f, i);
        f[i] = mod(t + at(f, i + length));
        f[i + length] = mod(zeta * (at(f, i + length) - t));
      }
    }
  }
  return f.map((value) => mod(value * 3_303));
};

const product = (a: Poly, b: Poly): Poly =>
  Array.from({ length: 128 }, (_, i) => {
    const [a0, a1, b0, b1] = [at(a, 2 * i), at(a, 2 * i + 1), at(b, 2 * i), at(b, 2 * i + 1)];
    return [mod(a0 * b0 + mod(a1 * b1) * at(gammas, i)), mod(a0 * b1 + a1 * b0)];
  }).flat();
