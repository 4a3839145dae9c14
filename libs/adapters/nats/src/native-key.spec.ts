import { createAccount, createOperator, createUser, type KeyPair } from '@nats-io/nkeys';
import { describe, expect, test } from 'vitest';
import { nativeKey } from './native-key.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const message = Buffer.from('a nonce of a server');

describe.each<[string, () => KeyPair]>([
  ['an operator', createOperator],
  ['an account', createAccount],
  ['a user', createUser],
])('the key pair of %s', (_, create) => {
  const library = create();
  const ours = nativeKey(text(library.getSeed()));

  test('given its seed, then its names are those the library gives it', () => {
    expect(ours.getPublicKey()).toBe(library.getPublicKey());
    expect(text(ours.getPrivateKey())).toBe(text(library.getPrivateKey()));
    expect(text(ours.getSeed())).toBe(text(library.getSeed()));
  });

  test('given a message, when one signs it, then the other takes the signature, and none over other bytes', () => {
    expect(text(ours.sign(message))).toBe(text(library.sign(message)));
    expect(library.verify(message, ours.sign(message))).toBe(true);
    expect(ours.verify(message, library.sign(message))).toBe(true);
    expect(ours.verify(Buffer.from('another'), library.sign(message))).toBe(false);
  });
});

test('given a pair that was cleared, then it signs no more and its seed is gone', () => {
  const ours = nativeKey(text(createUser().getSeed()));
  ours.clear();
  expect(() => ours.sign(message)).toThrow();
  expect(() => ours.getSeed()).toThrow();
  expect(() => ours.getPrivateKey()).toThrow();
});

test('given a seed with a wrong letter, then there is no pair', () => {
  const seed = text(createUser().getSeed());
  // Four letters on: the last two bits of the last letter are no part of a seed.
  expect(() => nativeKey(seed.slice(0, -1) + (seed.endsWith('A') ? 'E' : 'A'))).toThrow();
});
