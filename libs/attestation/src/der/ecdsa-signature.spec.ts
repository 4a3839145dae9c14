import { generateKeyPairSync, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ecdsaSignature } from './ecdsa-signature.ts';
import { DerReader } from './reader.ts';

const numberOf = (digits: Uint8Array): bigint => BigInt(`0x0${Buffer.from(digits).toString('hex')}`);

test('given two numbers of any width, when they are written, then strict DER reads the same two, and nothing else', () => {
  const digits = fc.uint8Array({ minLength: 1, maxLength: 48 });
  fc.assert(
    fc.property(digits, digits, (r, s) => {
      const outside = new DerReader(ecdsaSignature(r, s), 'signature');
      const inside = outside.sequence('numbers');
      outside.end();
      const read = [inside.integerBytes('r'), inside.integerBytes('s')];
      inside.end();
      for (const number of read) expect(number[0]).toBeLessThan(0x80);
      expect(read.map(numberOf)).toEqual([numberOf(r), numberOf(s)]);
    }),
  );
});

test.each(['prime256v1', 'secp384r1'])(
  'given a signature on %s, when its numbers are written with zeros in front or without, then it verifies as it did',
  (namedCurve) => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
    for (let n = 0; n < 20; n += 1) {
      const message = Buffer.from(`message ${n}`);
      const both = sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      const [r, s] = [both.subarray(0, both.length / 2), both.subarray(both.length / 2)];
      const padded = Buffer.concat([Buffer.alloc(48 - r.length), r]);
      for (const one of [r, padded]) expect(verify('sha256', message, publicKey, ecdsaSignature(one, s))).toBe(true);
    }
  },
);

test('given numbers that need a length of two bytes, when they are written, then it is a bug and not a signature', () => {
  expect(() => ecdsaSignature(new Uint8Array(66).fill(1), new Uint8Array(66).fill(1))).toThrow(/BUG/);
});
