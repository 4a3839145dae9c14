import { expect, test } from 'vitest';
import { nodeRefusal } from './node-version.ts';

test('an older Node is refused with what was seen, what is wanted and the fix', () => {
  expect(nodeRefusal('20.20.2')).toMatch(/observed 20\.20\.2, wanted 24 or newer\n {2}fix: /);
});

test('Node 24 and newer will do', () => {
  expect([nodeRefusal('24.0.0'), nodeRefusal('26.1.0')]).toEqual([null, null]);
});
