import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalText } from './canonical.ts';

const written = (write: () => string | undefined) => {
  try {
    return { text: write() };
  } catch {
    return 'refused';
  }
};

test('given any value / when it is written / then it is as the reference implementation writes it, or refused as there', () => {
  const leaf = fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
  const half = fc.constantFrom('\ud800', 'a\udfff', undefined, Number.NaN, -0, 1e21, new Date(0), Symbol('no'));
  const name = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('10', '9', '__proto__', '\ud800', 'toJSON'));
  const value = fc.oneof(fc.anything(), leaf, fc.dictionary(name, fc.oneof(leaf, half, fc.array(leaf))));
  fc.assert(
    fc.property(value, (given) => {
      expect(written(() => canonicalText(given))).toEqual(written(() => canonicalize(given)));
    }),
    { numRuns: 500 },
  );
});

test('given an object that says itself how it is written / when it is / then it has its word', () => {
  const own = { a: 1, toJSON: () => 'b' };
  expect(canonicalText(own)).toBe('"b"');
  expect(canonicalText({ b: 1, a: 'é', 10: null, 9: true })).toBe('{"10":null,"9":true,"a":"é","b":1}');
});
