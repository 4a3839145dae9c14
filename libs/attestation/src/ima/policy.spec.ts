import { createPublicKey, generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { appraiseIma } from './appraise.ts';
import type { ImaReason } from './claims.ts';
import { compileImaPolicy } from './compiled-policy.ts';
import { toBigint, verifyEcdsaDigest } from './ecdsa-digest.ts';
import { readImaKey } from './keys.ts';
import { entryOf, listOf, policyOf, quoteOf, sha256Of, type Told, told } from './list.fixture.ts';
import { compilePattern } from './pattern.ts';
import { type ImaPolicy, imaPolicySchema } from './policy.ts';
import type { ImaJudgedEntry } from './verification.ts';
import { verifyImaList } from './verifier.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject): string => String(key.export({ format: 'pem', type: 'spki' }));

/** A version 2 signature over a file, as evmctl makes it. */
const signed = (content: string, key: KeyObject): Buffer => {
  const signature = sign('sha256', Buffer.from(content), key);
  const head = Buffer.from([3, 2, 4, ...Buffer.from(readImaKey(pem(createPublicKey(key))).id, 'hex'), 0, 0]);
  head.writeUInt16BE(signature.length, 7);
  return Buffer.concat([head, signature]);
};

const judge = (list: readonly Told[], over: Partial<ImaPolicy>): readonly ImaJudgedEntry[] => {
  const entries: ImaJudgedEntry[] = [];
  const policy = compileImaPolicy(policyOf(over));
  verifyImaList(listOf(list.map(entryOf)), told({ policy, onEntry: (entry) => entries.push(entry) }));
  return entries;
};
const reasonOf = (one: Told, over: Partial<ImaPolicy>): ImaReason | undefined => {
  const [entry] = judge([one], over);
  return entry === undefined || entry.verdict === 'unchecked' ? undefined : entry.verdict.reason;
};
const file = { path: '/usr/bin/a', content: 'a' };

test.each<[string, Told, Partial<ImaPolicy>, ImaReason]>([
  ['a digest of its path', file, { allow: { '/usr/bin/a': [sha256Of('old'), sha256Of('a')] } }, 'allow-list'],
  ['another digest', file, { allow: { '/usr/bin/a': [sha256Of('old')] } }, 'digest-not-allowed'],
  ['a digest of another path', file, { allow: { '/usr/bin/b': [sha256Of('a')] } }, 'unknown-file'],
  ['a directory above it', file, { excludes: [{ under: '/usr/bin' }] }, 'excluded'],
  ['a beginning of its name', file, { excludes: [{ under: '/usr/b' }] }, 'unknown-file'],
  ['a directory it climbs out of', { path: '/tmp/../usr/bin/a' }, { excludes: [{ under: '/tmp' }] }, 'unknown-file'],
  ['a pattern of a part of it', file, { excludes: [{ pattern: '/usr' }] }, 'unknown-file'],
  ['a pattern of all of it', file, { excludes: [{ pattern: '/usr/[^/]+/.' }] }, 'excluded'],
  [
    'a rejected digest',
    file,
    { rejects: [{ paths: 'any', digests: [sha256Of('a')] }], allow: 'unchecked' },
    'rejected',
  ],
])('given a file / when the policy has %s / then that is what decides', (_, entry, over, reason) => {
  expect(reasonOf(entry, over)).toBe(reason);
});

test('given a file that is signed, but old / when the order of the rules differs / then the first that decides does', () => {
  const entry: Told = { ...file, template: 'ima-sig', tail: signed('a', rsa.privateKey) };
  const over: Partial<ImaPolicy> = {
    rejects: [{ paths: { path: file.path }, digests: [sha256Of('a')] }],
    signatures: { keys: [pem(rsa.publicKey)], bad: 'refuse' },
  };
  expect(reasonOf(entry, over)).toBe('rejected');
  expect(reasonOf(entry, { ...over, order: ['signature', 'reject', 'exclude', 'allow'] })).toBe('signature');
});

test.each([
  ['RSA', rsa],
  ['P-256', p256],
])('given signatures by an %s key / when the file is another / then only the true one holds', (_, pair) => {
  const keys = { signatures: { keys: [pem(pair.publicKey)], bad: 'refuse' as const } };
  const tail = signed('a', pair.privateKey);
  const flipped = Buffer.from(tail);
  flipped.writeUInt8(flipped.readUInt8(20) ^ 1, 20);
  const list: Told[] = [{ ...file, tail }, { ...file, content: 'b', tail }, { ...file, tail: flipped }, file];
  const entries = judge(
    list.map((one) => ({ ...one, template: 'ima-sig' as const })),
    keys,
  );
  expect(entries.map(({ signature }) => signature)).toEqual(['good', 'bad', 'bad', 'none']);
  expect(reasonOf({ ...file, template: 'ima-sig', tail: tail.subarray(0, 20) }, keys)).toBe('unknown-file');
});

test('given digests and keys of every curve / when ECDSA is verified over the digest / then node agrees', () => {
  for (const namedCurve of ['P-256', 'P-384', 'secp256k1']) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
    const { material } = readImaKey(pem(publicKey));
    if (material.kind !== 'ecdsa') throw new Error('BUG: an EC key is read as another');
    for (const algorithm of ['sha1', 'sha256', 'sha384', 'sha512']) {
      const content = Buffer.from(`${namedCurve} ${algorithm}`);
      const rs = sign(algorithm, content, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      const [r, s] = [toBigint(rs.subarray(0, rs.length / 2)), toBigint(rs.subarray(rs.length / 2))];
      const digest = hash(algorithm, content, 'buffer');
      expect(verifyEcdsaDigest(material.curve, material.point, digest, r, s)).toBe(true);
      expect(verifyEcdsaDigest(material.curve, material.point, digest, r, s + 1n)).toBe(false);
      expect(verifyEcdsaDigest(material.curve, material.point, hash(algorithm, 'x', 'buffer'), r, s)).toBe(false);
      expect(verifyEcdsaDigest(material.curve, material.point, digest, 0n, s)).toBe(false);
    }
  }
});

test('given a key that is loaded on a trusted keyring / when files signed by it follow / then they are good from there on', () => {
  const der = rsa.publicKey.export({ format: 'der', type: 'spki' });
  const load: Told = { path: '.ima', template: 'ima-buf', tail: der };
  const use: Told = { ...file, template: 'ima-sig', tail: signed('a', rsa.privateKey) };
  const keyrings = (trust: 'file-signatures' | 'nothing') => ({
    signatures: { keys: [], bad: 'refuse' as const },
    keyrings: { '.ima': { digests: [sha256Of(der)], trust } },
  });
  const outcomes = (trust: 'file-signatures' | 'nothing') =>
    judge([use, load, use], keyrings(trust)).map(({ verdict }) => (verdict === 'unchecked' ? '' : verdict.reason));
  expect(outcomes('file-signatures')).toEqual(['unknown-file', 'keyring', 'signature']);
  expect(outcomes('nothing')).toEqual(['unknown-file', 'keyring', 'unknown-file']);
  expect(reasonOf({ ...load, tail: Buffer.from('other') }, keyrings('nothing'))).toBe('buffer-not-allowed');

  const entries = [load, use].map(entryOf);
  const policy = compileImaPolicy(policyOf(keyrings('file-signatures')));
  const first = verifyImaList(listOf(entries.slice(0, 1)), told({ policy, quote: quoteOf(entries.slice(0, 1)) }));
  const progress = first.ok ? first.claims.progress : null;
  if (progress === null) throw new Error('the first round was refused');
  const next = verifyImaList(
    listOf(entries.slice(1)),
    told({ policy, progress, firstEntry: 1, quote: quoteOf(entries) }),
  );
  expect(next.ok && next.claims.signatures.good).toBe(1);
});

test('given files that the policy refuses or warns of / when it is appraised / then the first are named and all are counted', () => {
  const entries = Array.from({ length: 200 }, (_, n) => entryOf({ path: `/tmp/${n}` }));
  for (const unknownFiles of ['refuse', 'warn'] as const) {
    const policy = policyOf({ unknownFiles });
    const verified = verifyImaList(
      listOf(entries),
      told({ policy: compileImaPolicy(policy), quote: quoteOf(entries) }),
    );
    const failed = verified.ok
      ? appraiseIma(verified.claims, policy).filter(({ outcome }) => outcome === 'failed')
      : [];
    expect(failed.map(({ code }) => code)).toEqual([unknownFiles === 'warn' ? 'ima-files-warned' : 'ima-files']);
    expect(failed[0]?.observed).toBe('entry 0 (/tmp/0, unknown-file) and 199 more');
  }
});

test('given patterns and paths of a few letters / when they are matched / then RegExp agrees', () => {
  const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\.', '(a|b)', '(ab|)', '(a*b)');
  const piece = fc.tuple(atom, fc.constantFrom('', '*', '+', '?')).map((parts) => parts.join(''));
  const pattern = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));
  const path = fc.array(fc.constantFrom('a', 'b', '.', 'c'), { maxLength: 8 }).map((chars) => chars.join(''));
  fc.assert(
    fc.property(pattern, path, (source, text) => {
      expect(compilePattern(source)(text)).toBe(new RegExp(`^(?:${source})$`).test(text));
    }),
    { numRuns: 2_000 },
  );
});

test('given a pattern that makes a backtracking matcher hang / when it is matched / then it answers at once', () => {
  const from = performance.now();
  expect(compilePattern('(a+)+(a|a)*(.*)*b')('a'.repeat(4_000))).toBe(false);
  expect(performance.now() - from).toBeLessThan(2_000);
});

test.each(['a{2}', '(?=a)', '\\d', '(a', 'a)', '[a', '*a', 'a**', '[b-a]', '[]', 'a'.repeat(2_000)])(
  'given the pattern %s / when a policy has it / then the policy is refused',
  (pattern) => {
    const parsed = imaPolicySchema.safeParse({ ...policyOf(), excludes: [{ pattern }] });
    expect(parsed.success).toBe(false);
  },
);

test('given a policy that leaves something out or says something more / when it is parsed / then it is refused', () => {
  const whole = policyOf();
  for (const name of Object.keys(whole)) {
    const { [name]: _, ...rest } = whole as Record<string, unknown>;
    expect(imaPolicySchema.safeParse(rest).success).toBe(false);
  }
  expect(imaPolicySchema.safeParse({ ...whole, regex: true }).success).toBe(false);
  expect(imaPolicySchema.safeParse({ ...whole, order: ['reject', 'reject', 'signature', 'allow'] }).success).toBe(
    false,
  );
});
