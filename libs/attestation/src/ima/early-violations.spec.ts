import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { ImaClaims } from './claims.ts';
import { entryOf, listOf, type Made, told } from './list.fixture.ts';
import { imaProgressSchema } from './progress.ts';
import { verifyImaList } from './verifier.ts';

const file = (path: string): Made => entryOf({ path });
const violation = entryOf({ path: '/var/log/x', violation: true });
const entries = [file('boot_aggregate'), violation, file('/usr/bin/one'), violation, file('/usr/bin/two')];

/** PCR 10 of a kernel before 5.8: a SHA-1 or the 20 ones of a violation, each padded with zeros to the bank's length. */
const early = (list: readonly Made[], bank: 'sha256' | 'sha384') => {
  const size = hash(bank, '', 'buffer').length;
  let register = Buffer.alloc(size);
  for (const one of list) {
    const digest = one.isViolation ? Buffer.alloc(20, 0xff) : one.hash;
    register = hash(bank, Buffer.concat([register, digest, Buffer.alloc(size - 20)]), 'buffer');
  }
  return [{ bank, value: register.toString('hex') }];
};
const claimsOf = (list: readonly Made[], over: Parameters<typeof told>[0]): ImaClaims => {
  const verified = verifyImaList(listOf(list), told({ paddedSha1: 'accepted', ...over }));
  return verified.ok ? verified.claims : expect.fail(JSON.stringify(verified.refusals));
};

test.each(['sha256', 'sha384'] as const)(
  'given a kernel before 5.8 and violations / when its %s bank is quoted / then it is met, and said in which way',
  (bank) => {
    const verified = verifyImaList(listOf(entries), told({ paddedSha1: 'accepted', quote: early(entries, bank) }));
    expect(verified.ok && verified.claims.quote).toEqual({
      ...{ entries: 5, banks: [bank], extension: 'padded-sha1', violations: 'padded-sha1' },
    });
    const met = verified.checks.find(({ code }) => code === 'ima-quote-match');
    expect(met?.observed).toBe('met after 5 entries, violations as before Linux 5.8');
    expect(verifyImaList(listOf(entries), told({ quote: early(entries, bank) })).ok).toBe(false);
  },
);

test('given no violation before the quote / when it is met / then the way is the plain one', () => {
  const quoted = entries.slice(0, 1);
  expect(claimsOf(entries, { quote: early(quoted, 'sha256') }).quote).toMatchObject({ violations: 'all-ones' });
});

test.each([1, 2, 3, 4])(
  'given a quote after entry %d / when the next round goes on from there / then it is met and nothing was rewritten',
  (reach) => {
    const first = claimsOf(entries, { quote: early(entries.slice(0, reach), 'sha256') });
    const progress = imaProgressSchema.parse(first.progress);
    const all = [...entries, violation, file('/usr/bin/three')];
    const over = { progress, firstEntry: reach, quote: early(all, 'sha256') };
    expect(claimsOf(all.slice(reach), over)).toMatchObject({ entries: 7, quote: { violations: 'padded-sha1' } });
    const rewritten = verifyImaList(
      listOf(all.slice(reach).with(0, file('/x'))),
      told({ ...over, paddedSha1: 'accepted' }),
    );
    expect(rewritten.ok).toBe(false);
  },
);
