import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from './header/header.fixture.ts';
import { afMerge, afSplit } from './keyslot.ts';

test('a key comes out of its stripes, and of no others', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), fc.nat(255_999), (bytes, at) => {
      const key = Buffer.from(bytes);
      const material = afSplit(key, seededRandom('stripes'));
      expect(afMerge(material)).toEqual(key);
      material[at] = (material[at] ?? 0) ^ 1;
      expect(afMerge(material)).not.toEqual(key);
    }),
    { numRuns: 10 },
  );
});
