import { expect, test } from 'vitest';
import { rangeFrom } from './byte-range.ts';

const all = { start: 0, end: 9 };

test.each([
  [undefined, all],
  ['bytes=0-', all],
  ['bytes=4-', { start: 4, end: 9 }],
  ['bytes=4-5', { start: 4, end: 5 }],
  ['bytes=4-999', { start: 4, end: 9 }],
  ['bytes=-3', { start: 7, end: 9 }],
  ['bytes=-30', all],
  ['bytes=-', all],
  ['bytes=5-4', all],
  ['bytes=0-1,4-5', all],
  ['lines=1-2', all],
  ['bytes=10-', null],
  ['bytes=999999999999999-', null],
  ['bytes=-0', null],
])('given ten bytes and the range %s / then %o', (range, wanted) => {
  expect(rangeFrom(range, 10)).toEqual(wanted);
});
