/** Reads the length-prefixed fields of RFC 4251, section 5, from untrusted bytes. Never reads past the end. */
export type SshReader = {
  /** The next field; `null` when it is not all there. */
  readonly bytes: () => Uint8Array | null;
  /** The next field as ASCII; `null` when it is not all there, or not ASCII. */
  readonly text: () => string | null;
  readonly atEnd: () => boolean;
};

/** A reader at the start of `blob`. */
export const createSshReader = (blob: Uint8Array): SshReader => {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  let offset = 0;
  const bytes = (): Uint8Array | null => {
    if (blob.length - offset < 4) return null;
    const length = view.getUint32(offset);
    if (length > blob.length - offset - 4) return null;
    const field = blob.subarray(offset + 4, offset + 4 + length);
    offset += 4 + length;
    return field;
  };
  const text = (): string | null => {
    const field = bytes();
    if (field === null || field.some((byte) => byte > 0x7f)) return null;
    return Array.from(field, (byte) => String.fromCharCode(byte)).join('');
  };
  return { bytes, text, atEnd: () => offset === blob.length };
};

/** Whether an mpint is above zero and has no byte too many: a leading zero only before a byte with its high bit set. */
export const isPositiveMpint = (number: Uint8Array): boolean => {
  const [first, second] = number;
  if (first === undefined || first > 0x7f) return false;
  return first !== 0 || (second !== undefined && second > 0x7f);
};

/** Bits of a positive mpint, without leading zeros. */
export const bitLength = (number: Uint8Array): number => {
  const start = number.findIndex((byte) => byte !== 0);
  const top = number[start];
  return top === undefined ? 0 : (number.length - start - 1) * 8 + (32 - Math.clz32(top));
};

/** The y coordinates, sign bit cleared, of every curve25519 point of order 8 or less, and their encodings above the prime. */
const LOW_ORDER_Y: readonly string[] = [
  `00${'00'.repeat(31)}`,
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
];

/** Whether an Ed25519 public key is one that has signatures without a private key. */
export const isLowOrderPoint = (point: Uint8Array): boolean => {
  const y = Array.from(point, (byte, index) => (index === 31 ? byte & 0x7f : byte).toString(16).padStart(2, '0'));
  return LOW_ORDER_Y.includes(y.join(''));
};
