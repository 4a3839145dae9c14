import { Buffer } from 'node:buffer';
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { volumeKeyBytes } from './header/metadata.ts';
import { limits } from './limits.ts';

/** The two keys that an AES-256-XTS key is. */
export type SectorKey = { readonly data: KeyObject; readonly tweak: KeyObject };

/** Takes a key apart. The bytes are the caller's to zero; OpenSSL cleanses its copies once nothing refers to them. */
export const sectorKeyOf = (key: Uint8Array): SectorKey => {
  const half = volumeKeyBytes / 2;
  return { data: createSecretKey(key.subarray(0, half)), tweak: createSecretKey(key.subarray(half, volumeKeyBytes)) };
};

/**
 * Encrypts whole sectors of `plain` into `out`. `fromByte` is where they stand in the segment.
 *
 * XTS is AES on each block between two exclusive-ors with the sector's number, encrypted and doubled from block to block.
 * Node has no call that does more than one sector, and one call for each costs more than its AES does: so AES is asked for
 * many sectors at once, and numbers and exclusive-ors are done here. A law holds the bytes against Node's own aes-256-xts.
 */
export const encryptSectors = (
  key: SectorKey,
  plain: Buffer,
  out: Buffer,
  fromByte: number,
  sectorBytes: number,
): void => inBatches(createCipheriv('aes-256-ecb', key.data, null), key, { from: plain, out, fromByte, sectorBytes });

/** The other way. Nothing says whether the bytes are what was written: XTS has no tag. */
export const decryptSectors = (
  key: SectorKey,
  encrypted: Buffer,
  out: Buffer,
  fromByte: number,
  sectorBytes: number,
): void =>
  inBatches(createDecipheriv('aes-256-ecb', key.data, null), key, { from: encrypted, out, fromByte, sectorBytes });

type Blocks = { setAutoPadding(on: boolean): unknown; update(bytes: Uint8Array): Buffer };

type Sectors = {
  readonly from: Buffer;
  readonly out: Buffer;
  readonly fromByte: number;
  readonly sectorBytes: number;
};

const inBatches = (blocks: Blocks, { tweak }: SectorKey, { from, out, fromByte, sectorBytes }: Sectors): void => {
  if (from.length % sectorBytes !== 0) throw new Error(`BUG: ${from.length} bytes are no whole sectors`);
  const numbers = createCipheriv('aes-256-ecb', tweak, null);
  for (const one of [blocks, numbers]) one.setAutoPadding(false);
  const batchBytes = Math.min(from.length, limits.batchBytes);
  const work = { masks: new Int32Array(batchBytes / 4), masked: new Int32Array(batchBytes / 4) };
  try {
    for (let at = 0; at < from.length; at += batchBytes) {
      const batch = from.subarray(at, at + batchBytes);
      const first = wordsOf(numbers.update(numbersOf(fromByte + at, batch.length, sectorBytes)));
      maskBlocks(wordsOf(batch), first, sectorBytes / 4, work);
      // Of whole blocks without padding, nothing is held back.
      const words = wordsOf(blocks.update(new Uint8Array(work.masked.buffer, 0, batch.length)));
      unmask(words, work.masks);
      out.set(bytesOf(words), at);
    }
  } finally {
    work.masks.fill(0);
    work.masked.fill(0);
  }
};

/** plain64 counts units of 512 bytes, also where a sector has 4096. */
const numbersOf = (fromByte: number, bytes: number, sectorBytes: number): Buffer => {
  const numbers = Buffer.alloc((bytes / sectorBytes) * blockBytes);
  for (let sector = 0; sector * sectorBytes < bytes; sector += 1) {
    numbers.writeBigUInt64LE(BigInt((fromByte + sector * sectorBytes) / 512), sector * blockBytes);
  }
  return numbers;
};

const blockBytes = 16;

type Work = { readonly masks: Int32Array; readonly masked: Int32Array };

/** Each block of each sector with its mask, and the masks: the first of a sector is its encrypted number, and each next one
 *  the double of the one before in GF(2^128), low bit first, without a branch. Four words at once, as the compiler likes it. */
const maskBlocks = (plain: Int32Array, first: Int32Array, sectorWords: number, { masks, masked }: Work): void => {
  for (let sector = 0, at = 0; at < plain.length; sector += 4) {
    let a = first[sector] ?? 0;
    let b = first[sector + 1] ?? 0;
    let c = first[sector + 2] ?? 0;
    let d = first[sector + 3] ?? 0;
    for (const end = at + sectorWords; at < end; at += 4) {
      masks[at] = a;
      masks[at + 1] = b;
      masks[at + 2] = c;
      masks[at + 3] = d;
      masked[at] = (plain[at] ?? 0) ^ a;
      masked[at + 1] = (plain[at + 1] ?? 0) ^ b;
      masked[at + 2] = (plain[at + 2] ?? 0) ^ c;
      masked[at + 3] = (plain[at + 3] ?? 0) ^ d;
      const carry = (d >> 31) & 0x87;
      d = (d << 1) | (c >>> 31);
      c = (c << 1) | (b >>> 31);
      b = (b << 1) | (a >>> 31);
      a = (a << 1) ^ carry;
    }
  }
};

const unmask = (words: Int32Array, masks: Int32Array): void => {
  for (let at = 0; at < words.length; at += 4) {
    words[at] = (words[at] ?? 0) ^ (masks[at] ?? 0);
    words[at + 1] = (words[at + 1] ?? 0) ^ (masks[at + 1] ?? 0);
    words[at + 2] = (words[at + 2] ?? 0) ^ (masks[at + 2] ?? 0);
    words[at + 3] = (words[at + 3] ?? 0) ^ (masks[at + 3] ?? 0);
  }
};

/** The same memory as words, which are little-endian on every machine this runs on; what is not aligned is copied. */
const wordsOf = (bytes: Buffer): Int32Array => {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Int32Array(aligned.buffer, aligned.byteOffset, bytes.length / 4);
};

const bytesOf = ({ buffer, byteOffset, byteLength }: Int32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
