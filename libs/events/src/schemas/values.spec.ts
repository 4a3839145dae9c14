import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { instant } from './values.ts';

const [first, last] = [Date.parse('0000-01-01T00:00:00.000Z'), Date.parse('9999-12-31T23:59:59.999Z')];

test('given instants of any days, one after the other / when they are read / then each is what the platform makes of it', () => {
  const apart = fc.integer({ min: -90_000_000, max: 90_000_000 });
  fc.assert(
    fc.property(fc.integer({ min: first, max: last }), fc.array(apart, { maxLength: 8 }), (start, steps) => {
      const times = [start, ...steps.map((step) => Math.min(last, Math.max(first, start + step)))];
      const texts = times.map((at) => new Date(at).toISOString());
      expect(texts.map((text) => z.decode(instant, text))).toEqual(times);
    }),
    { numRuns: 500 },
  );
});

test('given what is no instant / when it is read / then it is refused', () => {
  for (const text of ['', '2026-02-30T00:00:00.000Z', '2026-01-01T24:00:00.000Z', '2026-01-01T00:00:00Z']) {
    expect(z.safeDecode(instant, text).success, text).toBe(false);
  }
});
