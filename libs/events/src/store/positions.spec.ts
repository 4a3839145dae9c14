import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ForeignPosition } from '../ports/event-store.ts';
import { createPositions } from './positions.ts';

test('given any places of a log in any order / when they are compared / then they are in the order of what they count', () => {
  const positions = createPositions('0f5a-b');
  // Those 1,024 apart are remembered in one place, of which the last that was made has it.
  const lapped = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.nat(3)).map(([n, laps]) => n + laps * 1_024);
  const count = fc.oneof(fc.integer({ min: 1, max: 20 }), lapped, fc.integer({ min: 1, max: 1e14 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(count, count), { maxLength: 8 }), (pairs) => {
      for (const [a, b] of pairs) {
        expect(Math.sign(positions.compare(positions.of(a), positions.of(b)))).toBe(Math.sign(a - b));
        expect(positions.countOf(positions.of(a))).toBe(a);
      }
    }),
  );
});

test('given a place of this store / when one of another is compared with it, before or after / then it is refused', () => {
  const positions = createPositions('0f5a-b');
  const [own, other] = [positions.of(3), createPositions('77aa-b').of(3)];
  for (const [a, b] of [[own, other] as const, [other, own] as const, ['', own] as const, [own, '0f5a.'] as const]) {
    expect(() => positions.compare(a, b)).toThrow(ForeignPosition);
  }
});
