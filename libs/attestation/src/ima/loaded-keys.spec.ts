import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import type { ImaClaims, ImaProgress } from './claims.ts';
import { compileImaPolicy } from './compiled-policy.ts';
import { limits } from './limits.ts';
import { entryOf, listOf, policyOf, quoteOf, sha256Of, told } from './list.fixture.ts';
import { imaProgressSchema } from './progress.ts';
import { verifyImaList } from './verifier.ts';

const keys = Array.from({ length: limits.loadedKeysMax + 2 }, () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'der', type: 'spki' }),
);
const long = Buffer.alloc(limits.loadedKeyBytesMax + 1);
const keyrings = { '.ima': { digests: [...keys, long].map(sha256Of), trust: 'file-signatures' as const } };
const policy = compileImaPolicy(policyOf({ signatures: { keys: [], bad: 'refuse' }, keyrings }));
const first = entryOf({ path: 'boot_aggregate' });
const load = (tail: Buffer) => entryOf({ path: '.ima', template: 'ima-buf', tail });

const claimsOf = (entries: readonly ReturnType<typeof entryOf>[], progress?: ImaProgress): ImaClaims => {
  const firstEntry = progress?.attested.entries ?? 0;
  const of = told({ policy, quote: quoteOf(entries), progress: progress ?? 'first-round', firstEntry });
  const verified = verifyImaList(listOf(entries.slice(firstEntry)), of);
  return verified.ok ? verified.claims : expect.fail(JSON.stringify(verified.refusals));
};
const kept = ({ progress }: ImaClaims): ImaProgress => imaProgressSchema.parse(progress);

test('given a list that loads more keys than are kept / when it grows from round to round / then each round goes on from the last', () => {
  const one = [first, load(keys[0] ?? long)];
  const many = [...one, ...keys.slice(1).map(load)];
  const before = kept(claimsOf(one));
  const passed = kept(claimsOf(many, before));
  expect([before.loadedKeys.length, passed.loadedKeys.length]).toEqual([1, limits.loadedKeysMax]);
  expect(passed.attested.entries).toBe(many.length);
  const after = claimsOf([...many, entryOf({ path: '/usr/bin/one' })], passed);
  expect([after.firstEntry, kept(after).attested.entries]).toEqual([many.length, many.length + 1]);
});

test('given one key that is loaded again and again / when the list is read / then it takes one place', () => {
  const again = Array.from({ length: limits.loadedKeysMax + 1 }, () => load(keys[0] ?? long));
  const found = kept(claimsOf([first, ...again, load(keys[1] ?? long)])).loadedKeys;
  expect(found.map(({ index }) => index)).toEqual([1, again.length + 1]);
});

test('given a key that no record could keep / when it is loaded / then it is not trusted', () =>
  expect(kept(claimsOf([first, load(long)])).loadedKeys).toEqual([]));
