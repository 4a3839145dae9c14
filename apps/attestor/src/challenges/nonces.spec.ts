import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createNonces, type NonceTerms } from './nonces.ts';

const key = randomBytes(32);
const terms: NonceTerms = { attesterId: 'a', purpose: 'host-evidence', expiresAt: 1_000 };

test('given a nonce / when another attestor with the same key looks at it / then it is ours', () => {
  const nonce = createNonces(key, randomBytes).issue(terms);
  expect(nonce).toHaveLength(32);
  expect(createNonces(key, randomBytes).isOurs(nonce, terms)).toBe(true);
  expect(createNonces(randomBytes(32), randomBytes).isOurs(nonce, terms), 'another network').toBe(false);
});

test.each([
  ['attester', { attesterId: 'b' }],
  ['purpose', { purpose: 'vm-key' }],
  ['expiry', { expiresAt: 1_001 }],
] as const)('given a nonce / when it is held against another %s / then it is not ours', (_, change) => {
  const nonces = createNonces(key, randomBytes);
  expect(nonces.isOurs(nonces.issue(terms), { ...terms, ...change })).toBe(false);
});

test('given any bytes / when nobody issued them / then they are not ours, however many there are', () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => !createNonces(key, randomBytes).isOurs(bytes, terms)),
  ));

test('given a nonce / when one bit of it changes / then it is not ours', () => {
  const nonces = createNonces(key, randomBytes);
  const nonce = nonces.issue(terms);
  for (let bit = 0; bit < 256; bit += 1) {
    const changed = Uint8Array.from(nonce);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(nonces.isOurs(changed, terms)).toBe(false);
  }
});
