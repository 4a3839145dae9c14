import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isUuid } from '#domain';
import { bootIdOf, commandIdOf, derivedUuid, eventIdOf } from './identity.ts';

const parts = fc.array(fc.string(), { minLength: 1, maxLength: 4 });

test('the same parts always make the same UUID, other parts another', () => {
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      expect(isUuid(derivedUuid(...a))).toBe(true);
      expect(derivedUuid(...a) === derivedUuid(...b)).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
  );
});

test('parts do not run into each other', () => {
  expect(derivedUuid('ab', 'c')).not.toBe(derivedUuid('a', 'bc'));
  expect(derivedUuid('a')).not.toBe(derivedUuid('a', ''));
  expect(derivedUuid('1:a', 'b')).not.toBe(derivedUuid('1', 'a:b'));
});

test('ids that are stored stay what they are', () => {
  // A change here would make every repeated command of an older build a new one.
  expect(eventIdOf('command', 0)).toBe(derivedUuid('event', 'command', '0'));
  expect(commandIdOf('vm-admission', 'event', 'hold')).toBe(derivedUuid('command', 'vm-admission', 'event', 'hold'));
  expect(bootIdOf('command')).toBe(derivedUuid('boot', 'command'));
  expect([eventIdOf('a', 0), commandIdOf('a', 'b', 'c'), bootIdOf('a')]).toEqual([
    'ec73c278-a612-829b-8770-e45d2c687997',
    '4cdc08f2-0b91-81fd-9691-92e4cc735cbf',
    '6591c501-591d-8da8-9c17-e9903a75520b',
  ]);
});
