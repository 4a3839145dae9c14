import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Verified } from '../verdict.ts';
import { appraiseIma } from './appraise.ts';
import type { ImaClaims, ImaProgress } from './claims.ts';
import { compileImaPolicy } from './compiled-policy.ts';
import { entryOf, listOf, pcr10After, policyOf, quoteOf, sha256Of, told } from './list.fixture.ts';
import { imaProgressSchema } from './progress.ts';
import { createImaVerifier, verifyImaList } from './verifier.ts';

const entries = Array.from({ length: 12 }, (_, n) => entryOf({ path: n === 0 ? 'boot_aggregate' : `/usr/bin/${n}` }));

const claimsOf = (verified: Verified<ImaClaims>): ImaClaims => {
  if (!verified.ok) throw new Error(`refused: ${JSON.stringify(verified.refusals)}`);
  return verified.claims;
};
const codesOf = (verified: Verified<ImaClaims>): readonly string[] =>
  verified.ok ? [] : verified.refusals.map(({ code }) => code);
const progressOf = (verified: Verified<ImaClaims>): ImaProgress =>
  imaProgressSchema.parse(JSON.parse(JSON.stringify(claimsOf(verified).progress)));

test.each(['sha1', 'sha256', 'sha384', 'sha512'] as const)(
  'given a quote of the %s bank / when a list is longer / then its beginning is attested and the rest is counted',
  (bank) => {
    const claims = claimsOf(verifyImaList(listOf(entries), told({ quote: quoteOf(entries.slice(0, 9), bank) })));
    expect(claims.quote).toEqual({ entries: 9, banks: [bank], extension: 'per-bank', violations: 'all-ones' });
    expect(claims.notYetAttested).toEqual({ count: 3, firstIndex: 9 });
    expect(claims.replay[bank]).toBe(pcr10After(entries, bank));
  },
);

test.each([
  ['is shorter than the quote', entries.slice(0, 11)],
  ['lacks an entry', entries.toSpliced(4, 1)],
  ['has one more in between', entries.toSpliced(4, 0, entryOf({ path: '/tmp/x' }))],
  ['is in another order', [...entries].reverse()],
  ['is empty', []],
])('given a quote / when the list %s / then no beginning of it is attested', (_, given) => {
  expect(codesOf(verifyImaList(listOf(given), told({ quote: quoteOf(entries) })))).toEqual(['ima-quote-match']);
});

test('given a changed path and a quote of the SHA-1 bank / when hashes in the list still replay / then the entry is refused', () => {
  const list = listOf(entries);
  list[list.indexOf('/usr/bin/5') + 9] = 0x36;
  const verified = verifyImaList(list, told({ quote: quoteOf(entries, 'sha1') }));
  expect(codesOf(verified)).toEqual(['ima-template-hash']);
  expect(verified.ok ? '' : verified.refusals[0]?.observed).toContain('entry 5 (/usr/bin/6');
});

test('given a violation / when it is replayed / then all ones extend each bank and the policy decides', () => {
  const list = [...entries, entryOf({ path: '/var/log/x', violation: true })];
  for (const bank of ['sha1', 'sha256'] as const) {
    for (const violations of ['refuse', 'warn', 'accept'] as const) {
      const policy = policyOf({ allow: 'unchecked', violations, banks: [bank] });
      const claims = claimsOf(
        verifyImaList(listOf(list), told({ quote: quoteOf(list, bank), policy: compileImaPolicy(policy) })),
      );
      const failed = appraiseIma(claims, policy).filter(({ outcome }) => outcome === 'failed');
      const wanted = { refuse: ['ima-violations'], warn: ['ima-violations-warned'], accept: [] }[violations];
      expect(failed.map(({ code }) => code)).toEqual(wanted);
    }
  }
});

test('given a bank extended with padded SHA-1 / when the policy takes that by name / then it is met, else it is not', () => {
  let register = Buffer.alloc(32);
  for (const one of entries) {
    register = hash('sha256', Buffer.concat([register, one.hash, Buffer.alloc(12)]), 'buffer');
  }
  const quote = [{ bank: 'sha256' as const, value: register.toString('hex') }];
  expect(codesOf(verifyImaList(listOf(entries), told({ quote })))).toEqual(['ima-quote-match']);
  const verified = verifyImaList(listOf(entries), told({ quote, paddedSha1: 'accepted' }));
  expect(claimsOf(verified).quote).toMatchObject({ extension: 'padded-sha1', entries: 12 });
  const failed = appraiseIma(claimsOf(verified), policyOf()).filter(({ outcome }) => outcome === 'failed');
  expect(failed.map(({ code }) => code)).toContain('ima-quote-bank');
});

test('given two quoted banks / when only one of them belongs to the list / then neither counts', () => {
  const quote = [...quoteOf(entries), ...quoteOf(entries.slice(0, 5), 'sha1')];
  expect(codesOf(verifyImaList(listOf(entries), told({ quote })))).toEqual(['ima-quote-match']);
});

test('given PCRs 0 to 9 / when boot_aggregate is over them / then it holds, and over others it does not', () => {
  const pcrs = Array.from({ length: 10 }, (_, n) => hash('sha256', `pcr ${n}`, 'hex'));
  const first = entryOf({ path: 'boot_aggregate', content: '' });
  const digest = hash('sha256', Buffer.from(pcrs.join(''), 'hex'), 'buffer');
  const data = Buffer.from(first.data);
  digest.copy(data, 12);
  const bytes = Buffer.concat([
    first.bytes.subarray(0, 4),
    hash('sha1', data, 'buffer'),
    first.bytes.subarray(24, 38),
    data,
  ]);
  const own = [{ ...first, bytes, data }, ...entries.slice(1)];
  const bootPcrs = { sha256: pcrs };
  expect(claimsOf(verifyImaList(listOf(own), told({ bootPcrs }))).bootAggregate).toBe('equal');
  for (const other of [{ sha256: [...pcrs].reverse() }, { sha256: pcrs.slice(0, 9) }, {}]) {
    expect(codesOf(verifyImaList(listOf(own), told({ bootPcrs: other })))).toEqual(['ima-boot-aggregate']);
  }
});

test('given a round before / when only newer entries come / then they are replayed from there', () => {
  const first = progressOf(verifyImaList(listOf(entries.slice(0, 8)), told({ quote: quoteOf(entries.slice(0, 6)) })));
  expect([first.attested.entries, first.seen.entries]).toEqual([6, 8]);
  const next = verifyImaList(
    listOf(entries.slice(6)),
    told({ progress: first, firstEntry: 6, quote: quoteOf(entries) }),
  );
  expect(claimsOf(next)).toMatchObject({ entries: 12, firstEntry: 6, notYetAttested: { count: 0, firstIndex: null } });
  expect(progressOf(next).attested).toEqual({ entries: 12, replay: claimsOf(next).replay });
});

const before = (): ImaProgress =>
  progressOf(verifyImaList(listOf(entries.slice(0, 8)), told({ quote: quoteOf(entries.slice(0, 6)) })));
const other = entryOf({ path: '/usr/bin/other' });
test.each([
  ['the whole list is other', entries.with(3, other), 0, entries.with(3, other), ['ima-log-rewritten']],
  [
    'what was not attested yet is other',
    entries.with(7, other).slice(6),
    6,
    entries.with(7, other),
    ['ima-log-rewritten'],
  ],
  ['it is shorter', entries.slice(0, 7), 0, entries.slice(0, 7), ['ima-log-went-back', 'ima-quote-progress']],
  ['the quote is of an entry before', entries, 0, entries.slice(0, 5), ['ima-quote-progress']],
  ['the quote is the last one again', entries.slice(6), 6, entries.slice(0, 6), ['ima-quote-progress']],
  ['it begins elsewhere', entries.slice(7), 7, entries, ['ima-log-first-entry', 'ima-quote-match']],
])('given a round before / when %s / then it is refused by name', (_, sent, firstEntry, quoted, codes) => {
  const verified = verifyImaList(listOf(sent), told({ progress: before(), firstEntry, quote: quoteOf(quoted) }));
  expect(codesOf(verified)).toEqual(codes);
});

test('given a template that nobody knows / when it comes / then it is refused by its name', () => {
  const list = Buffer.from(listOf(entries).toString('latin1').replace('ima-ng', 'ima-xy'), 'latin1');
  const verified = verifyImaList(list, told());
  expect(codesOf(verified)).toEqual(['ima-template-known']);
  expect(verified.ok ? '' : verified.refusals[0]?.observed).toContain('"ima-xy"');
});

test('given any cut of a list into pieces / when they are pushed / then the answer is the same', () => {
  const list = listOf(entries);
  const whole = verifyImaList(list, told({ quote: quoteOf(entries) }));
  for (const size of [1, 3, 64, 1_000]) {
    const verifier = createImaVerifier(told({ quote: quoteOf(entries) }));
    for (let at = 0; at < list.length; at += size) verifier.push(list.subarray(at, at + size));
    expect(verifier.finish()).toEqual(whole);
  }
});

test('given the ascii form of a list / when it is read / then it claims the same', () => {
  const lines = [...entries, entryOf({ path: '/opt/with space', template: 'ima-sig', tail: Buffer.of(3, 2, 4) })];
  const text = lines.map(({ data, hash: templateHash }) => {
    const digest = data.subarray(12, 44).toString('hex');
    const path = data.subarray(48, data.indexOf(0, 48)).toString();
    const signed = path.startsWith('/opt');
    return `10 ${templateHash.toString('hex')} ${signed ? 'ima-sig' : 'ima-ng'} sha256:${digest} ${path}${signed ? ' 030204' : ''}\n`;
  });
  const binary = claimsOf(verifyImaList(listOf(lines), told({ quote: quoteOf(lines) })));
  const ascii = claimsOf(verifyImaList(Buffer.from(text.join('')), told({ form: 'ascii', quote: quoteOf(lines) })));
  expect({ ...ascii, form: binary.form }).toEqual(binary);
  expect(sha256Of('/usr/bin/1')).toBe(`sha256:${entries[1]?.data.subarray(12, 44).toString('hex')}`);
});
