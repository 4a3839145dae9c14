import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { goodHeader, taggedHeaderWith, taggedTerms, terms } from './header.fixture.ts';
import { parseLuks2Header } from './parse-header.ts';

const codeOf = (bytes: Uint8Array, wanted = taggedTerms): string => {
  const verdict = parseLuks2Header(bytes, wanted);
  return verdict.ok ? 'ok' : verdict.refusal.code;
};

describe('a header of a volume whose sectors have tags', () => {
  test('is read where tags are wanted, and each of the two forms is refused in place of the other', () => {
    expect(parseLuks2Header(taggedHeaderWith(), taggedTerms)).toMatchObject({
      ok: true,
      header: { integrity: 'hmac-sha256', cipher: 'aes-xts-plain64', keyBits: 512 },
    });
    expect(codeOf(taggedHeaderWith(), terms)).toBe('segment-integrity');
    expect(codeOf(goodHeader())).toBe('segment-integrity');
  });

  test.each([
    ['another tag', ['segments', '0', 'integrity', 'type'], 'crc32c', 'segment-integrity'],
    ['a weaker tag', ['segments', '0', 'integrity', 'type'], 'hmac(sha1)', 'segment-integrity'],
    ['an encrypted journal', ['segments', '0', 'integrity', 'journal_encryption'], 'ctr(aes)', 'segment-integrity'],
    ['a signed journal', ['segments', '0', 'integrity', 'journal_integrity'], 'hmac(sha256)', 'segment-integrity'],
    ['a field of it that nobody knows', ['segments', '0', 'integrity', 'key_size'], 32, 'segment-integrity'],
    ['no key for the tags', ['keyslots', '0', 'key_size'], 64, 'keyslot-cipher'],
    ['a keyslot that its key does not fit', ['keyslots', '0', 'area', 'size'], String(252 * 1024), 'keyslot-area'],
    ['no encryption', ['segments', '0', 'encryption'], 'cipher_null-ecb', 'segment-cipher'],
    ['an authenticated cipher of another make', ['segments', '0', 'encryption'], 'aes-gcm-random', 'segment-cipher'],
  ])('given %s, then it is refused', (_what, path, value, code) => {
    expect(codeOf(taggedHeaderWith((metadata) => put(metadata, path, value)))).toBe(code);
  });

  test('given any value in place of a field of its tags, then it is refused', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('type', 'journal_encryption', 'journal_integrity', 'more'),
        fc.jsonValue(),
        (field, value) => {
          fc.pre(value !== 'none' && value !== 'hmac(sha256)');
          const path = ['segments', '0', 'integrity', field];
          expect(codeOf(taggedHeaderWith((metadata) => put(metadata, path, value)))).not.toBe('ok');
        },
      ),
      { numRuns: 200 },
    );
  });
});

const put = (root: object, path: readonly string[], value: unknown): void => {
  const parent = path.slice(0, -1).reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), root);
  Reflect.set(Object(parent), path.at(-1) ?? '', value);
};
