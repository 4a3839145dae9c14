import { Buffer } from 'node:buffer';
import { createHash, timingSafeEqual } from 'node:crypto';
import { limits } from '../limits.ts';
import { isZero } from './is-zero.ts';
import { refuse } from './refuse.ts';

export const binaryHeaderBytes = 4096;

export type CopyName = 'primary' | 'secondary';

/** One copy of the header: its fixed fields and the text of its JSON area. */
export type HeaderCopy = {
  readonly headerBytes: number;
  readonly sequence: bigint;
  readonly label: string;
  readonly subsystem: string;
  readonly uuid: string;
  readonly jsonText: Buffer;
};

const magics: Readonly<Record<CopyName, string>> = { primary: '4c554b53babe', secondary: '534b554cbabe' };

// Byte offsets of the fields; all numbers are big endian.
const at = {
  version: 6,
  headerBytes: 8,
  sequence: 16,
  label: 24,
  checksumAlgorithm: 72,
  salt: 104,
  uuid: 168,
  subsystem: 208,
  headerOffset: 256,
  padding: 264,
  checksum: 448,
  checksumEnd: 512,
} as const;
const sha256Bytes = 32;

/** Reads the copy that begins at `offset`. Its checksum is verified before its texts are looked at. */
export const readCopy = (bytes: Buffer, offset: number, name: CopyName): HeaderCopy => {
  const what = `the ${name} header`;
  const fixed = bytes.subarray(offset, offset + binaryHeaderBytes);
  if (fixed.length < binaryHeaderBytes) {
    refuse('header-truncated', what, `${fixed.length} bytes`, `${binaryHeaderBytes} bytes and a JSON area`);
  }
  const magic = fixed.toString('hex', 0, at.version);
  if (magic !== magics[name]) refuse('not-luks', `the magic of ${what}`, magic, magics[name]);
  const version = fixed.readUInt16BE(at.version);
  if (version !== 2) refuse('luks-version', `the version of ${what}`, version, '2');
  const headerBytes = sizeOf(fixed, what);
  const headerOffset = fixed.readBigUInt64BE(at.headerOffset);
  if (headerOffset !== BigInt(offset)) {
    refuse('header-field', `the place ${what} gives for itself`, String(headerOffset), `${offset}`);
  }
  const whole = bytes.subarray(offset, offset + headerBytes);
  if (whole.length < headerBytes)
    refuse('header-truncated', what, `${whole.length} bytes`, `the ${headerBytes} it names`);
  const algorithm = textOf(fixed, at.checksumAlgorithm, at.salt, `the checksum algorithm of ${what}`);
  if (algorithm !== 'sha256') refuse('checksum-algorithm', `the checksum algorithm of ${what}`, algorithm, 'sha256');
  const stated = fixed.subarray(at.checksum, at.checksum + sha256Bytes);
  const computed = checksumOf(whole);
  if (!timingSafeEqual(stated, computed)) {
    refuse('header-checksum', `the checksum of ${what}`, stated.toString('hex'), computed.toString('hex'));
  }
  wantZeros(fixed, at.padding, at.checksum, what);
  wantZeros(fixed, at.checksum + sha256Bytes, binaryHeaderBytes, what);
  return {
    headerBytes,
    sequence: fixed.readBigUInt64BE(at.sequence),
    label: textOf(fixed, at.label, at.checksumAlgorithm, `the label in ${what}`),
    subsystem: textOf(fixed, at.subsystem, at.headerOffset, `the subsystem in ${what}`),
    uuid: textOf(fixed, at.uuid, at.subsystem, `the UUID in ${what}`),
    jsonText: whole.subarray(binaryHeaderBytes),
  };
};

/** The bytes of one copy, checksum included. The caller keeps texts within their fields. */
export const writeCopy = (
  name: CopyName,
  { headerBytes, sequence, label, subsystem, uuid, jsonText }: HeaderCopy,
  salt: Uint8Array,
): Buffer => {
  const bytes = Buffer.alloc(headerBytes);
  bytes.write(magics[name], 0, 'hex');
  bytes.writeUInt16BE(2, at.version);
  bytes.writeBigUInt64BE(BigInt(headerBytes), at.headerBytes);
  bytes.writeBigUInt64BE(sequence, at.sequence);
  bytes.write(label, at.label, at.checksumAlgorithm - at.label - 1);
  bytes.write('sha256', at.checksumAlgorithm);
  bytes.set(salt, at.salt);
  bytes.write(uuid, at.uuid, at.subsystem - at.uuid - 1);
  bytes.write(subsystem, at.subsystem, at.headerOffset - at.subsystem - 1);
  bytes.writeBigUInt64BE(name === 'primary' ? 0n : BigInt(headerBytes), at.headerOffset);
  bytes.set(jsonText, binaryHeaderBytes);
  bytes.set(checksumOf(bytes), at.checksum);
  return bytes;
};

/** Bytes of the salt of a copy: it makes the checksums of equal headers differ, and protects nothing. */
export const copySaltBytes = at.uuid - at.salt;
export const labelBytesMax = at.checksumAlgorithm - at.label - 1;

const checksumOf = (whole: Buffer): Buffer =>
  createHash('sha256')
    .update(whole.subarray(0, at.checksum))
    .update(Buffer.alloc(at.checksumEnd - at.checksum))
    .update(whole.subarray(at.checksumEnd))
    .digest();

const sizeOf = (fixed: Buffer, what: string): number => {
  const stated = fixed.readBigUInt64BE(at.headerBytes);
  const size = Number(stated);
  const powerOfTwo = size > 0 && Number.isInteger(Math.log2(size));
  if (size < limits.headerBytesMin || size > limits.headerBytesMax || !powerOfTwo) {
    refuse('header-size', `the size of ${what}`, String(stated), '16384, 32768 or 65536');
  }
  return size;
};

/** Printable ASCII up to the first zero, and zeros after it: bytes nobody reads could be where two readers differ. */
const textOf = (fixed: Buffer, from: number, to: number, what: string): string => {
  const field = fixed.subarray(from, to);
  const end = field.indexOf(0);
  const text = field.toString('latin1', 0, end === -1 ? field.length : end);
  if (end === -1 || !isZero(field.subarray(end)) || !/^[\x20-\x7e]*$/.test(text)) {
    refuse('header-field', what, text, `printable ASCII of at most ${field.length - 1} bytes with zeros after it`);
  }
  return text;
};

const wantZeros = (fixed: Buffer, from: number, to: number, what: string): void => {
  if (!isZero(fixed.subarray(from, to))) {
    refuse('header-field', `the padding of ${what}`, 'not zero', 'zeros');
  }
};
