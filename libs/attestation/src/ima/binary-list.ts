import { Malformed } from '../malformed.ts';
import { bankBytes } from './banks.ts';
import type { ImaBank, ImaTemplate } from './claims.ts';
import {
  bounded,
  checkPath,
  digestAlgorithm,
  type EntryParts,
  ImaEntry,
  isText,
  knownTemplate,
  oldHashed,
  type StoredHash,
} from './entry.ts';
import { limits } from './limits.ts';

export type BinaryList = {
  readonly endian: 'little' | 'big';
  /** Hash of the list's own template hashes: `sha1`, unless it is one of the kernel's `…_sha256` lists. */
  readonly bank: ImaBank;
  /** A big-endian kernel hashes lengths as it writes them, except with ima_canonical_fmt. */
  readonly hashedAs: 'as-written' | 'little-endian';
};

/** An entry and where it ends; or how many bytes are needed to go on. */
export type Read = { readonly entry: ImaEntry; readonly end: number } | { readonly needed: number };

/**
 * Reads one entry of a binary list at `at`. Every length is bounded before it is believed, and what is taken is a view.
 * Throws Malformed for what no kernel writes. (Not ByteReader: this runs a million times over a large list.)
 */
export const readBinaryEntry = (bytes: Buffer, at: number, index: number, list: BinaryList): Read => {
  const hashBytes = bankBytes[list.bank];
  const left = bytes.length - at;
  const headBytes = 4 + hashBytes + 4;
  if (left < headBytes) return { needed: headBytes };
  checkPcr(u32(bytes, at, list), index);
  const nameAt = at + headBytes;
  const nameLength = bounded(u32(bytes, at + 4 + hashBytes, list), limits.templateNameBytesMax, 'template name', index);
  if (left < headBytes + nameLength + 4) return { needed: headBytes + nameLength + 4 };
  const template = knownTemplate(bytes, nameAt, nameAt + nameLength, index);
  const stored = { bytes, at: at + 4, end: at + 4 + hashBytes };
  const dataAt = nameAt + nameLength;
  if (template === 'ima') return readOldEntry(bytes, { at, dataAt, index, stored }, list);
  const end = dataAt + 4 + bounded(u32(bytes, dataAt, list), limits.entryBytesMax, 'data', index);
  if (bytes.length < end) return { needed: end - at };
  const parts = readFields(bytes, dataAt + 4, end, template, index, list);
  const data = bytes.subarray(dataAt + 4, end);
  const hashed = list.endian === 'big' && list.hashedAs === 'little-endian' ? littleEndianLengths(data) : data;
  return { entry: new ImaEntry(index, template, stored, hashed, bytes, parts), end };
};

type OldHead = {
  readonly at: number;
  readonly dataAt: number;
  readonly index: number;
  readonly stored: StoredHash;
};

/** The template `ima` has no length of its data: a SHA-1, and a name without NUL. */
const readOldEntry = (bytes: Buffer, { at, dataAt, index, stored }: OldHead, list: BinaryList): Read => {
  const nameAt = dataAt + 24;
  if (bytes.length < nameAt) return { needed: nameAt - at };
  const end = nameAt + bounded(u32(bytes, dataAt + 20, list), limits.oldNameBytesMax, 'name', index);
  if (bytes.length < end) return { needed: end - at };
  checkPath(bytes, nameAt, end, index);
  const parts = { algorithm: 'sha1', digestAt: dataAt, digestEnd: dataAt + 20, pathAt: nameAt, pathEnd: end };
  const hashed = oldHashed(bytes.subarray(dataAt, dataAt + 20), bytes.subarray(nameAt, end));
  const entry = new ImaEntry(index, 'ima', stored, hashed, bytes, { ...parts, tailAt: end, tailEnd: end });
  return { entry, end };
};

const readFields = (
  bytes: Buffer,
  at: number,
  end: number,
  template: ImaTemplate,
  index: number,
  list: BinaryList,
): EntryParts => {
  const digestField = at + 4;
  const digestEnd = digestField + fieldLength(bytes, at, end, limits.digestFieldBytesMax, 'd-ng', index, list);
  const { algorithm, digestAt } = algorithmOf(bytes, digestField, digestEnd, index);
  const pathAt = digestEnd + 4;
  const pathEnd = pathAt + fieldLength(bytes, digestEnd, end, limits.pathBytesMax, 'n-ng', index, list) - 1;
  if (bytes[pathEnd] !== 0) {
    throw new Malformed('wrong-value', `IMA entry ${index} n-ng`, 'no NUL at its end', 'a path and NUL');
  }
  checkPath(bytes, pathAt, pathEnd, index);
  let [tailAt, tailEnd] = [pathEnd + 1, pathEnd + 1];
  if (template !== 'ima-ng') {
    tailEnd += 4 + fieldLength(bytes, tailAt, end, limits.entryBytesMax, 'last field', index, list);
    tailAt += 4;
  }
  if (tailEnd !== end) {
    const observed = `${end - tailEnd} bytes more`;
    throw new Malformed('trailing-bytes', `IMA entry ${index} ${template} data`, observed, 'the end of its fields');
  }
  return { algorithm, digestAt, digestEnd, pathAt, pathEnd, tailAt, tailEnd };
};

/** The name of the algorithm, a colon and a NUL; then comes the digest. */
const algorithmOf = (
  bytes: Buffer,
  at: number,
  end: number,
  index: number,
): { readonly algorithm: string; readonly digestAt: number } => {
  // Nearly every entry of a list has this one, and then no name needs to be made and looked up.
  if (end - at === 40 && isText(bytes, at, at + 8, 'sha256:\0')) return { algorithm: 'sha256', digestAt: at + 8 };
  const nul = bytes.indexOf(0, at);
  if (nul <= at || nul >= end || bytes[nul - 1] !== 0x3a) {
    throw new Malformed(
      'wrong-value',
      `IMA entry ${index} d-ng`,
      'no algorithm before its digest',
      '"sha256:" and NUL',
    );
  }
  const algorithm = digestAlgorithm(bytes.toString('latin1', at, nul - 1), end - nul - 1, index);
  return { algorithm, digestAt: nul + 1 };
};

const fieldLength = (
  bytes: Buffer,
  at: number,
  end: number,
  max: number,
  field: string,
  index: number,
  list: BinaryList,
): number => {
  const left = end - at - 4;
  const length = left < 0 ? 4 : bounded(u32(bytes, at, list), max, field, index);
  if (left >= length) return length;
  throw new Malformed('truncated', `IMA entry ${index} ${field}`, `${Math.max(left, 0)} bytes left`, `${length} bytes`);
};

const littleEndianLengths = (data: Buffer): Buffer => {
  const copy = Buffer.from(data);
  for (let at = 0; at < copy.length; ) {
    const length = copy.readUInt32BE(at);
    copy.writeUInt32LE(length, at);
    at += 4 + length;
  }
  return copy;
};

const checkPcr = (pcr: number, index: number): void => {
  if (pcr !== 10) throw new Malformed('wrong-value', `IMA entry ${index} PCR`, `${pcr}`, '10');
};

const u32 = (bytes: Buffer, at: number, { endian }: BinaryList): number =>
  endian === 'little' ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
