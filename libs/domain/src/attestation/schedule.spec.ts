import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attestationIntervalMs, standardSchedule as policy, type Rhythm, scoreMax } from './schedule.ts';

const steady: Rhythm = { score: scoreMax, tier: 'affirming', affirmed: 100, failuresInRow: 0, spread: 0 };
const interval = (change: Partial<Rhythm>): number => attestationIntervalMs(policy, { ...steady, ...change });
const minutes = (n: number): number => n * 60_000;

describe('the time to the next evidence', () => {
  test('given the best / then it is ten to thirty minutes, and nobody knows which', () => {
    expect(interval({ spread: 0 })).toBe(minutes(10));
    expect(interval({ spread: 0.5 })).toBe(minutes(20));
    expect(interval({ spread: 0.999_999 })).toBeLessThan(minutes(30));
  });

  test('given a new or a low one / then it is asked often', () => {
    expect(interval({ affirmed: 1 })).toBe(minutes(2));
    expect(interval({ score: 0 })).toBe(minutes(2));
  });

  test('given a failure / then it is looked at again at once, and later ones less and less often', () => {
    const failed = (failuresInRow: number) => interval({ tier: 'contraindicated', failuresInRow });
    expect([1, 2, 3, 4, 5, 6, 60].map(failed)).toEqual([5, 10, 20, 40, 80, 120, 120].map((s) => s * 1_000));
  });

  const rhythm = fc.record({
    score: fc.integer({ min: -10, max: scoreMax + 10 }),
    tier: fc.constantFrom('none', 'affirming', 'warning', 'contraindicated') as fc.Arbitrary<Rhythm['tier']>,
    affirmed: fc.nat({ max: 1_000_000 }),
    failuresInRow: fc.nat({ max: 1_000_000 }),
    spread: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  });

  test('given anything / then it is a whole time between the first look and the longest rhythm', () =>
    fc.assert(
      fc.property(rhythm, (one) => {
        const ms = attestationIntervalMs(policy, one);
        expect(Number.isSafeInteger(ms)).toBe(true);
        expect(ms).toBeGreaterThanOrEqual(policy.recheckMs);
        expect(ms).toBeLessThanOrEqual(policy.bestMaxMs);
      }),
    ));

  test('given two of the same / when one has the better score / then it waits no less', () =>
    fc.assert(
      fc.property(rhythm, fc.nat({ max: scoreMax }), (one, more) => {
        const better = { ...one, score: one.score + more };
        expect(attestationIntervalMs(policy, better)).toBeGreaterThanOrEqual(attestationIntervalMs(policy, one));
      }),
    ));
});
