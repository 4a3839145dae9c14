import { expect, test } from 'vitest';
import { parseBytes } from './bytes.ts';

test.each([
  ['512MiB', 512 * 1024 ** 2],
  ['2 GiB', 2 * 1024 ** 3],
  ['2g', 2 * 1024 ** 3],
  ['1T', 1024 ** 4],
  ['4096', 4096],
])('%s is that many bytes', (text, bytes) => expect(parseBytes(text)).toBe(bytes));

test.each(['', '0', '-1G', '1.5G', '1e9', '99999999999999T', 'GiB', '1PiB'])('"%s" is refused', (text) =>
  expect(() => parseBytes(text)).toThrow('is not a size'),
);
