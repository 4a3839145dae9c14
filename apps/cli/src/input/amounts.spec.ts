import { describe, expect, test } from 'vitest';
import { failureOf } from '../output/errors.ts';
import { bitsOption, countOption, creditsOption, revisionOption, sizeOption } from './amounts.ts';

const thrownBy = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return failureOf(error);
  }
};

describe('a size', () => {
  const [, , read] = sizeOption('--disk <size>', 'how large');

  test.each([
    ['512MiB', 512 * 1024 ** 2],
    ['2 GiB', 2 * 1024 ** 3],
    ['2g', 2 * 1024 ** 3],
    ['1T', 1024 ** 4],
    ['4096B', 4096],
  ])('of %s is that many bytes', (text, bytes) => expect(read(text)).toBe(bytes));

  test.each([
    ['20', '--disk 20GiB'],
    ['21474836480', '--disk 21474836480B'],
    ['1XiB', '--disk 1GiB'],
    ['1PiB', '--disk 1GiB'],
    ['-1', '--disk 20GiB'],
    ['-1G', '--disk 20GiB'],
    ['0', '--disk 20GiB'],
    ['1.5G', '--disk 20GiB'],
    ['1e9', '--disk 1GiB'],
    ['99999999999999T', '--disk 20GiB'],
    ['GiB', '--disk 20GiB'],
    ['', '--disk 20GiB'],
  ])('"%s" is refused with what was seen, what is wanted and "%s"', (text, fix) =>
    expect(thrownBy(() => read(text))).toMatchObject({
      ...{ code: 'size-malformed', message: '--disk is not a size', exitCode: 2 },
      ...{ observed: JSON.stringify(text), wanted: expect.stringContaining('MiB, GiB, TiB'), fix },
    }),
  );
});

describe('a number', () => {
  const [, , read] = countOption('-n, --lines <n>', 'how many', { min: 1, max: 100 });

  test('within its bounds is read', () => expect(['1', '100', '007'].map(read)).toEqual([1, 100, 7]));

  test.each(['0', '101', '-1', '1.5', '1e1', 'ten', '', ' 5'])('"%s" is refused with its bounds', (text) =>
    expect(thrownBy(() => read(text))).toMatchObject({
      ...{ code: 'number-malformed', message: '--lines is not a number that will do', fix: '--lines 10' },
      ...{ observed: JSON.stringify(text), wanted: 'a whole number from 1 to 100' },
    }),
  );
});

describe('an amount of credits', () => {
  const [, , read] = creditsOption('--price <credits>', 'how much');

  test('with up to six digits after the point is exact', () =>
    expect(['25', '0.000001', '1.5'].map(read)).toEqual([25_000_000n, 1n, 1_500_000n]));

  test.each(['', '0', '-1', '1.', '1.0000001', '1e3', 'ten', ' 5'])('"%s" is refused', (text) =>
    expect(thrownBy(() => read(text))).toMatchObject({ code: 'credits-malformed', observed: JSON.stringify(text) }),
  );
});

test('a revision is a whole number from 0', () => {
  const [, , read] = revisionOption('--from <revision>', 'where to begin');
  expect([read('0'), read('17')]).toEqual([0n, 17n]);
  expect(thrownBy(() => read('-1'))).toMatchObject({ code: 'revision-malformed', fix: '--from 10' });
});

test('a register is read in decimal or with 0x, as far as it goes', () => {
  const [, , read] = bitsOption('--vcpu-signature <eax>', 'what', 32);
  expect([read('0x00a20f10'), read('33')]).toEqual([0xa20f10n, 33n]);
  expect(thrownBy(() => read('0x100000000'))).toMatchObject({ code: 'number-malformed', fix: '--vcpu-signature 0x1' });
});
