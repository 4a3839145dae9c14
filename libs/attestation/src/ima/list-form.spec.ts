import { hash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { imaBanks } from './banks.ts';
import type { ImaBank } from './claims.ts';
import { entryOf, listOf, told } from './list.fixture.ts';
import { imaListForm } from './list-form.ts';
import { verifyImaList } from './verifier.ts';

const paths = ['boot_aggregate', '/usr/bin/one', '/usr/bin/two'];
type Written = { readonly bank: ImaBank; readonly big?: true; readonly hashed?: 'as-written' | 'little-endian' };

/** An ima-ng entry as a kernel of either byte order writes it, with a template hash of any bank. */
const written = (path: string, { bank, big, hashed = 'as-written' }: Written): Buffer => {
  const number = (value: number, isBig = big === true): Buffer => {
    const bytes = Buffer.alloc(4);
    if (isBig) bytes.writeUInt32BE(value);
    else bytes.writeUInt32LE(value);
    return bytes;
  };
  const fields = [Buffer.concat([Buffer.from('sha256:\0'), hash('sha256', path, 'buffer')]), Buffer.from(`${path}\0`)];
  const dataOf = (isBig: boolean) => Buffer.concat(fields.flatMap((one) => [number(one.length, isBig), one]));
  const data = dataOf(big === true);
  const own = hash(bank, dataOf(big === true && hashed === 'as-written'), 'buffer');
  return Buffer.concat([number(10), own, number(6), Buffer.from('ima-ng'), number(data.length), data]);
};
const list = (how: Written): Buffer => Buffer.concat(paths.map((path) => written(path, how)));
const ascii = (bank: ImaBank): Buffer => {
  const lines = paths.map((path) => {
    const data = entryOf({ path }).data;
    return `10 ${hash(bank, data, 'hex')} ima-ng sha256:${hash('sha256', path, 'hex')} ${path}\n`;
  });
  return Buffer.from(lines.join(''));
};
/** What a person gets who has nothing but the list. */
const verified = (bytes: Buffer) => {
  const form = imaListForm(bytes) ?? expect.fail('it is a list');
  const answer = verifyImaList(bytes, told(form));
  return answer.ok ? answer.claims : expect.fail(JSON.stringify(answer.refusals));
};

test.each(imaBanks)(
  'given a list of %s template hashes / when it is looked at / then it says so and verifies',
  (bank) => {
    const little = list({ bank });
    expect(imaListForm(little)).toEqual({ form: 'binary-little-endian', listBank: bank, hashedAs: 'as-written' });
    expect(imaListForm(ascii(bank))).toEqual({ form: 'ascii', listBank: bank, hashedAs: 'as-written' });
    const claims = [little, ascii(bank)].map(verified);
    expect(claims).toEqual([expect.objectContaining({ entries: 3, listBank: bank }), expect.anything()]);
    expect(claims[0]?.replay).toEqual(claims[1]?.replay);
  },
);

test.each(
  imaBanks.flatMap((bank) => (['as-written', 'little-endian'] as const).map((hashed) => [bank, hashed] as const)),
)('given a big-endian list of %s, hashed %s / when it is looked at / then it says so and verifies', (bank, hashed) => {
  const bytes = list({ bank, big: true, hashed });
  expect(imaListForm(bytes)).toEqual({ form: 'binary-big-endian', listBank: bank, hashedAs: hashed });
  expect(verified(bytes)).toMatchObject({ entries: 3, listBank: bank, hashedAs: hashed });
  const violation = Buffer.from(written('/var/log/x', { bank, big: true })).fill(
    0,
    4,
    4 + hash(bank, '', 'buffer').length,
  );
  expect(imaListForm(Buffer.concat([violation, bytes]))).toMatchObject({ hashedAs: hashed });
});

test('given a bank that a person names / when a list is looked at / then that one counts', () =>
  expect(imaListForm(list({ bank: 'sha256' }), 'sha512')).toMatchObject({ listBank: 'sha512' }));

test('given an ascii list of another hash as long as SHA-256 / when it is looked at / then it is not taken for that', () => {
  const other = ascii('sha256')
    .toString()
    .replace(/^10 [0-9a-f]{64}/gm, `10 ${'ab'.repeat(32)}`);
  expect(imaListForm(Buffer.from(other))).toMatchObject({ listBank: 'sha1' });
});

test('given what is no list, or one of unknown templates / when it is looked at / then nothing, or SHA-1, is said', () => {
  expect(imaListForm(Buffer.from('11 aa'))).toBeNull();
  expect(imaListForm(Buffer.alloc(0))).toBeNull();
  const unknown = Buffer.from(list({ bank: 'sha384' }).toString('latin1').replace('ima-ng', 'ima-xy'), 'latin1');
  expect(imaListForm(unknown)).toMatchObject({ listBank: 'sha1' });
});

test('given any bytes after the first number, or a garbled list / when they are looked at / then there is an answer', () => {
  const heads = [Buffer.from('10 '), Buffer.of(10, 0, 0, 0), Buffer.of(0, 0, 0, 10)];
  const garbled = fc
    .tuple(
      fc.constantFrom(list({ bank: 'sha384', big: true }), listOf([entryOf({ path: 'a' })])),
      fc.nat(),
      fc.nat(255),
    )
    .map(([bytes, at, value]) =>
      Buffer.from(bytes).fill(value, 4 + (at % (bytes.length - 4)), 5 + (at % (bytes.length - 4))),
    );
  const random = fc
    .tuple(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 512 }))
    .map(([head, rest]) => Buffer.concat([head, rest]));
  fc.assert(
    fc.property(fc.oneof(garbled, random), (bytes) => {
      const form = imaListForm(bytes);
      expect(imaBanks).toContain(form?.listBank);
      expect(imaListForm(Buffer.concat([Buffer.of(1), bytes]).subarray(1))).toEqual(form);
    }),
    { numRuns: 1_000 },
  );
});
