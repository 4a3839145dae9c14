import { tpmLimits } from './limits.ts';

const decodedBytesMax = tpmLimits.pcrValuesMax * 64;
const encoder = new TextEncoder();
const written = new Uint8Array(2 * decodedBytesMax);
const pairs = new Uint16Array(written.buffer);
const decoded = new Uint8Array(decodedBytesMax);
let view = decoded;
const noByte = -1;

/** By two letters as they lie in memory: the byte they write, in lower-case hex, and below zero for all else. */
const byteOfPair = new Int16Array(0x1_0000).fill(noByte);
for (let byte = 0; byte < 0x100; byte += 1) {
  encoder.encodeInto(byte.toString(16).padStart(2, '0'), written);
  byteOfPair[pairs[0] ?? 0] = byte;
}

/**
 * What lower-case hex stands for, or undefined for any other text, and for one of more than all registers. The bytes are good
 * until the next call. Strict, which Buffer is not, and twice as fast as reading the letters of a text one by one; those beyond
 * ASCII are several bytes of UTF-8, and none of these is a digit.
 */
export function bytesOfHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || text.length > written.length) return undefined;
  if (encoder.encodeInto(text, written).written !== text.length) return undefined;
  const size = text.length / 2;
  let seen = 0;
  for (let at = 0; at < size; at += 1) {
    const byte = byteOfPair[pairs[at] ?? 0] ?? noByte;
    seen |= byte;
    decoded[at] = byte;
  }
  if (seen < 0) return undefined;
  // Senders mostly send as many as before, and a view costs as much as eighty of its bytes.
  if (view.length !== size) view = decoded.subarray(0, size);
  return view;
}
