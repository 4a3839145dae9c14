import { Buffer } from 'node:buffer';
import { type Cipheriv, createCipheriv, createDecipheriv, type Decipheriv, type KeyObject } from 'node:crypto';

type Make = (algorithm: 'aes-256-xts', key: KeyObject, iv: Buffer) => Cipheriv | Decipheriv;

/**
 * Encrypts whole sectors of `plain` into `out`. `fromByte` is where they stand in the segment.
 * The key is a KeyObject, because a cipher is made for each sector: of the bytes themselves that takes four times as long.
 */
export const encryptSectors = (
  key: KeyObject,
  plain: Buffer,
  out: Buffer,
  fromByte: number,
  sectorBytes: number,
): void => eachSector(createCipheriv, key, plain, out, fromByte, sectorBytes);

/** The other way. Nothing says whether the bytes are what was written: XTS has no tag. */
export const decryptSectors = (
  key: KeyObject,
  encrypted: Buffer,
  out: Buffer,
  fromByte: number,
  sectorBytes: number,
): void => eachSector(createDecipheriv, key, encrypted, out, fromByte, sectorBytes);

const eachSector = (
  make: Make,
  key: KeyObject,
  from: Buffer,
  out: Buffer,
  fromByte: number,
  sectorBytes: number,
): void => {
  const iv = Buffer.alloc(16);
  for (let at = 0; at < from.length; at += sectorBytes) {
    // plain64 counts units of 512 bytes, also where a sector has 4096.
    iv.writeBigUInt64LE(BigInt((fromByte + at) / 512));
    out.set(make('aes-256-xts', key, iv).update(from.subarray(at, at + sectorBytes)), at);
  }
};
