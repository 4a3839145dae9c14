import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isZero } from './is-zero.ts';

describe('padding', () => {
  test('is zero when each of its bytes is, wherever one is not', () => {
    const sparse = fc.array(fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 255 })), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(sparse, (bytes) => {
        expect(isZero(Buffer.from(bytes))).toBe(bytes.every((byte) => byte === 0));
      }),
      { numRuns: 1_000 },
    );
  });
});
