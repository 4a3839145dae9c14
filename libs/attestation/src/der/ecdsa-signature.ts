/** A length of one byte: two numbers of P-384 need 102. */
const shortLengthMax = 0x7f;
const [integer, sequence] = [0x02, 0x30];

/**
 * Ecdsa-Sig-Value of two unsigned numbers, big-endian and of any width up to P-384's: the form in which node:crypto verifies
 * with a bare KeyObject. Any other has to be said in an object beside the key, and for such an object Node throws and catches
 * two errors before it looks inside, which is longer than a verification by RSA takes.
 */
export const ecdsaSignature = (r: Uint8Array, s: Uint8Array): Uint8Array => {
  const fromR = firstDigit(r);
  const fromS = firstDigit(s);
  const bytesR = integerBytes(r, fromR);
  const bytesS = integerBytes(s, fromS);
  const content = bytesR + bytesS + 4;
  if (content > shortLengthMax) throw new RangeError(`BUG: numbers of ${r.length} and ${s.length} bytes`);
  // Out of Node's pool: memory of its own costs a tenth of a short verification. Every byte is written below.
  const signature = Buffer.allocUnsafe(content + 2);
  signature[0] = sequence;
  signature[1] = content;
  writeInteger(signature, 2, r, fromR, bytesR);
  writeInteger(signature, 4 + bytesR, s, fromS, bytesS);
  return signature;
};

/** Where the digits begin; the last byte of zero stays. */
const firstDigit = (digits: Uint8Array): number => {
  let from = 0;
  while (from < digits.length - 1 && digits[from] === 0) from += 1;
  return from;
};

/** With the zero in front that keeps a number with a high first bit from being negative. */
const integerBytes = (digits: Uint8Array, from: number): number =>
  digits.length - from + ((digits[from] ?? 0) >= 0x80 ? 1 : 0);

const writeInteger = (into: Uint8Array, at: number, digits: Uint8Array, from: number, bytes: number): void => {
  into[at] = integer;
  into[at + 1] = bytes;
  const end = at + 2 + bytes;
  into[at + 2] = 0;
  for (let n = 1; n <= digits.length - from; n += 1) into[end - n] = digits[digits.length - n] ?? 0;
};
