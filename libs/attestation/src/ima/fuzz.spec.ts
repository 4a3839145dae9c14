import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ImaForm } from './claims.ts';
import { limits } from './limits.ts';
import { entryOf, listOf, pcr10After, quoteOf, told } from './list.fixture.ts';
import { ListReader } from './list-reader.ts';
import { createImaVerifier, verifyImaList } from './verifier.ts';

const entries = [
  ...Array.from({ length: 6 }, (_, n) => entryOf({ path: `/usr/bin/${n}` })),
  entryOf({ path: '/usr/bin/signed', template: 'ima-sig', tail: Buffer.from('030204aabbccdd0004deadbeef', 'hex') }),
  entryOf({ path: '.ima', template: 'ima-buf', tail: Buffer.from('a buffer') }),
  entryOf({ path: '/var/log/x', violation: true }),
  entryOf({ path: '/usr/bin/last' }),
];
const list = listOf(entries);
const ascii = entries
  .map(({ data, hash, bytes }) => {
    const name = bytes.toString('latin1', 28, 28 + bytes.readUInt32LE(24));
    const path = data.subarray(48, data.indexOf(0, 48));
    const tail = name === 'ima-ng' ? '' : ` ${data.subarray(48 + path.length + 5).toString('hex')}`;
    return `10 ${hash.toString('hex')} ${name} sha256:${data.subarray(12, 44).toString('hex')} ${path}${tail}\n`;
  })
  .join('');

/** Bytes of a violation's data: the kernel hashes none of it, and nothing is concluded from them. */
const unhashed = (): ReadonlySet<number> => {
  const at = entries.slice(0, 8).reduce((sum, { bytes }) => sum + bytes.length, 0);
  const { bytes, data } = entries[8] ?? { bytes: Buffer.alloc(0), data: Buffer.alloc(0) };
  return new Set(Array.from({ length: data.length }, (_, n) => at + bytes.length - data.length + n));
};

const forms: readonly ImaForm[] = ['ascii', 'binary-little-endian', 'binary-big-endian'];

test('given any bytes / when they are verified in any form and in any pieces / then nothing but an answer comes of it', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 4_096 }),
      fc.constantFrom(...forms),
      fc.integer({ min: 1, max: 97 }),
      (bytes, form, size) => {
        const verifier = createImaVerifier(told({ form, hashedAs: 'little-endian', quote: quoteOf(entries) }));
        for (let at = 0; at < bytes.length; at += size) verifier.push(bytes.subarray(at, at + size));
        expect(verifier.finish().ok).toBe(false);
      },
    ),
    { numRuns: 500 },
  );
});

test('given a list with some bytes put over it / when it is verified / then nothing but an answer comes of it', () => {
  const patch = fc.record({ at: fc.nat(list.length), bytes: fc.uint8Array({ minLength: 1, maxLength: 24 }) });
  fc.assert(
    fc.property(fc.array(patch, { minLength: 1, maxLength: 6 }), fc.constantFrom(...forms), (patches, form) => {
      const garbled = Buffer.from(form === 'ascii' ? ascii : list);
      for (const { at, bytes } of patches)
        garbled.set(bytes.subarray(0, Math.max(0, garbled.length - at)), Math.min(at, garbled.length));
      const verified = verifyImaList(garbled, told({ form, hashedAs: 'little-endian', quote: quoteOf(entries) }));
      expect(verified.checks.length).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});

test('given one flipped bit anywhere that a hash or the quote covers / when the list is verified / then it is refused', () => {
  const free = unhashed();
  for (let bit = 0; bit < list.length * 8; bit += 1) {
    if (free.has(bit >> 3)) continue;
    const flipped = Buffer.from(list);
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    const { ok } = verifyImaList(flipped, told({ quote: quoteOf(entries) }));
    expect({ bit, ok }).toEqual({ bit, ok: false });
  }
});

test('given one changed character of an ascii list / when it is verified / then it is refused, but in what a violation says', () => {
  const violationAt = ascii.indexOf(' ima-ng', ascii.indexOf(`10 ${'0'.repeat(40)}`));
  const violationEnd = ascii.indexOf('\n', violationAt);
  fc.assert(
    fc.property(fc.nat(ascii.length - 2), fc.integer({ min: 1, max: 255 }), (at, change) => {
      fc.pre(at < violationAt || at >= violationEnd);
      const changed = Buffer.from(ascii, 'latin1');
      changed.writeUInt8(changed.readUInt8(at) ^ change, at);
      expect(verifyImaList(changed, told({ form: 'ascii', quote: quoteOf(entries) })).ok).toBe(false);
    }),
    { numRuns: 1_500 },
  );
});

test('given the same quote / when one bit of it is flipped / then no list meets it', () => {
  const value = Buffer.from(pcr10After(entries, 'sha256'), 'hex');
  for (let bit = 0; bit < 256; bit += 1) {
    const other = Buffer.from(value);
    other.writeUInt8(other.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    const quote = [{ bank: 'sha256' as const, value: other.toString('hex') }];
    expect(verifyImaList(list, told({ quote })).ok).toBe(false);
  }
});

const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);

test.each([
  ['template name', Buffer.concat([u32(10), Buffer.alloc(20), u32(0xffff_ffff)])],
  ['data', Buffer.concat([u32(10), Buffer.alloc(20), u32(6), Buffer.from('ima-ng'), u32(0x7fff_ffff)])],
  ['name', Buffer.concat([u32(10), Buffer.alloc(20), u32(3), Buffer.from('ima'), Buffer.alloc(20), u32(0x4000_0000)])],
])('given a huge length of a %s / when it comes / then it is refused before anything is kept for it', (what, bytes) => {
  const verifier = createImaVerifier(told());
  verifier.push(bytes);
  const verified = verifier.finish();
  expect(verified.ok ? '' : verified.refusals[0]?.observed).toContain(what);
  expect(verified.ok ? [] : verified.refusals.map(({ code }) => code)).toEqual(['ima-log-form']);
});

test('given a line or an entry that never ends / when it comes in small pieces / then it is given up at its limit', () => {
  let read = 0;
  const reader = new ListReader({ form: 'ascii', listBank: 'sha1', hashedAs: 'as-written' }, 0, () => undefined);
  const piece = Buffer.alloc(16 * 1024, 0x61);
  expect(() => {
    for (; read < 64 * 1024 * 1024; read += piece.length) reader.push(piece);
  }).toThrow('wanted at most');
  expect(read).toBeLessThan(8 * limits.entryBytesMax);
});
