import type { Buffer } from 'node:buffer';

/** Whether all bytes are zero: the first is, and each equals the next. One comparison of memory: a guest without a compiler
 *  would look at the 32,000 bytes of padding in a header for some 50 ms under emulation. */
export const isZero = (bytes: Buffer): boolean =>
  bytes.length === 0 || (bytes[0] === 0 && bytes.subarray(1).equals(bytes.subarray(0, -1)));
