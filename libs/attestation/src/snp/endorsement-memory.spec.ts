import { expect, test } from 'vitest';
import type { SnpEndorsements } from './certificate-verdict.ts';
import { copied, createMemory } from './endorsement-memory.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const about = (over: Partial<SnpEndorsements> = {}): SnpEndorsements => ({
  ...{ vek: bytes('a vek, signed by an issuer'), chain: [bytes('ask'), bytes('ark')], crl: bytes('list') },
  ...over,
});

/** A memory that counts what it had to conclude. */
const counting = (most = 10, isKept: (value: string) => boolean = () => true) => {
  const memory = createMemory<string>(most);
  const of = (given: SnpEndorsements, words = 'words'): number => {
    if (memory.find(words, given) !== undefined) return 0;
    const own = copied(given);
    const value = Buffer.from(own.vek).toString();
    if (isKept(value)) memory.keep(words, { value, own });
    return 1;
  };
  return { memory, of };
};

test('given the same bytes, when they come again, then nothing is concluded anew', () => {
  const { of, memory } = counting();
  expect([of(about()), of(about()), memory.size()]).toEqual([1, 0, 1]);
});

test.each([
  ['a byte in the middle of the certificate', about({ vek: bytes('a VEK, signed by an issuer') }), 'words'],
  ['its last byte', about({ vek: bytes('a vek, signed by an issueR') }), 'words'],
  ['the order of the chain', about({ chain: [bytes('ark'), bytes('ask')] }), 'words'],
  ['a certificate less', about({ chain: [bytes('ask')] }), 'words'],
  ['where one certificate ends', about({ chain: [bytes('aska'), bytes('rk')] }), 'words'],
  ['the list', about({ crl: bytes('lisT') }), 'words'],
  ['no list', about({ crl: null }), 'words'],
  ['the words', about(), 'other words'],
])('given what differs in %s, when it comes, then it is concluded anew', (_, given, words) => {
  const { of } = counting();
  of(about());
  expect(of(given, words)).toBe(1);
});

test('given bytes that their owner writes over, when they come again, then what was remembered is of the old ones', () => {
  const { of } = counting();
  const given = about();
  of(given);
  given.vek[3] = 0;
  expect(of(given)).toBe(1);
  expect(of(about())).toBe(1);
});

test('given what is not to be kept, when it comes again, then it is concluded anew and pushes nothing out', () => {
  const { of, memory } = counting(1, (value) => value.startsWith('good'));
  const [good, bad] = [about({ vek: bytes('good') }), about({ vek: bytes('bad') })];
  expect([of(good), of(bad), of(bad), of(good), memory.size()]).toEqual([1, 1, 1, 0, 1]);
});

test('given more than it holds, when another comes, then the one that was asked for longest ago is forgotten', () => {
  const { of, memory } = counting(2);
  const [a, b, c] = ['a', 'b', 'c'].map((text) => about({ vek: bytes(text) }));
  if (a === undefined || b === undefined || c === undefined) return expect.fail('three of them');
  expect([of(a), of(b), of(a), of(c), memory.size()]).toEqual([1, 1, 0, 1, 2]);
  expect([of(a), of(b)]).toEqual([0, 1]);
});
