import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from './limits.ts';
import { decryptSectors, encryptSectors, sectorKeyOf } from './sectors.ts';

/** Node's own AES-256-XTS, one call for each sector. */
const oneByOne = (key: Buffer, plain: Buffer, fromByte: number, sectorBytes: number): Buffer => {
  const iv = Buffer.alloc(16);
  const sectors: Buffer[] = [];
  for (let at = 0; at < plain.length; at += sectorBytes) {
    iv.writeBigUInt64LE(BigInt((fromByte + at) / 512));
    sectors.push(createCipheriv('aes-256-xts', key, iv).update(plain.subarray(at, at + sectorBytes)));
  }
  return Buffer.concat(sectors);
};

describe('sectors', () => {
  test('law: any number of sectors, wherever they stand, are the bytes of AES-256-XTS, and come back', () => {
    const sectors = { bytes: fc.constantFrom(512, 4096), count: fc.integer({ min: 1, max: 70 }) };
    // Beyond 2^32 sectors the number needs its second word.
    const from = fc.integer({ min: 0, max: 2 ** 41 });
    fc.assert(
      fc.property(sectors.bytes, sectors.count, from, fc.integer(), (sectorBytes, count, sector, seed) => {
        const key = createHash('sha512').update(`${seed}`).digest();
        const plain = Buffer.alloc(count * sectorBytes, createHash('sha512').update(key).digest());
        const fromByte = sector * 4096;
        const out = Buffer.alloc(plain.length);
        encryptSectors(sectorKeyOf(key), plain, out, fromByte, sectorBytes);
        expect(out.equals(oneByOne(key, plain, fromByte, sectorBytes))).toBe(true);
        const back = Buffer.alloc(plain.length);
        decryptSectors(sectorKeyOf(key), out, back, fromByte, sectorBytes);
        expect(back.equals(plain)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test.each([512, 4096])(
    'given more than one batch of sectors of %i bytes, and bytes that are not aligned / then the same',
    (sectorBytes) => {
      const key = randomBytes(64);
      const plain = randomBytes(2 * limits.batchBytes + 3 * sectorBytes + 1).subarray(1);
      const out = Buffer.alloc(plain.length + 1).subarray(1);
      encryptSectors(sectorKeyOf(key), plain, out, 8192, sectorBytes);
      expect(out.equals(oneByOne(key, plain, 8192, sectorBytes))).toBe(true);
    },
  );

  test('given half a sector / then it is refused', () => {
    const half = Buffer.alloc(2048);
    expect(() => encryptSectors(sectorKeyOf(randomBytes(64)), half, half, 0, 4096)).toThrow('no whole sectors');
  });

  // IEEE 1619-2007, vector 10: XTS-AES-256, sector 0xff, 512 bytes counting up; the first block of its ciphertext.
  test('given the vector of the standard / then its bytes', () => {
    const key = Buffer.from(
      '27182818284590452353602874713526624977572470936999595749669676273141592653589793238462643383279502884197169399375105820974944592',
      'hex',
    );
    const plain = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256));
    const out = Buffer.alloc(512);
    encryptSectors(sectorKeyOf(key), plain, out, 0xff * 512, 512);
    expect(out.subarray(0, 16).toString('hex')).toBe('1c3b3a102f770386e4836c99e370cf9b');
  });
});
