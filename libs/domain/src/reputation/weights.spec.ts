import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { scoreMax } from '../attestation/schedule.ts';
import { weightsOf, weightTotal } from './weights.ts';

const scores = fc.dictionary(fc.stringMatching(/^[a-f0-9]{1,6}$/), fc.integer({ min: 0, max: scoreMax }), {
  maxKeys: 40,
});
const sumOf = (numbers: Iterable<number>): number => [...numbers].reduce((sum, one) => sum + one, 0);

describe('weights', () => {
  it('what rounding leaves goes to the largest remainders, between equals to the lower id', () => {
    expect([
      ...weightsOf(
        new Map([
          ['b', 1],
          ['c', 1],
          ['a', 1],
        ]),
      ),
    ]).toEqual([
      ['a', 21_845],
      ['b', 21_845],
      ['c', 21_845],
    ]);
    expect([
      ...weightsOf(
        new Map([
          ['b', 1],
          ['a', 1],
        ]),
      ),
    ]).toEqual([
      ['a', 32_768],
      ['b', 32_767],
    ]);
  });

  it('nobody has a weight where nobody has a score', () => {
    expect([...weightsOf(new Map([['a', 0]]))]).toEqual([['a', 0]]);
    expect(weightsOf(new Map()).size).toBe(0);
  });

  test('they are whole, none is negative, and they sum to the total exactly, in whichever order the scores come', () =>
    fc.assert(
      fc.property(scores, (given) => {
        const weights = weightsOf(new Map(Object.entries(given)));
        expect(sumOf(weights.values())).toBe(sumOf(Object.values(given)) === 0 ? 0 : weightTotal);
        for (const weight of weights.values()) expect(Number.isInteger(weight) && weight >= 0).toBe(true);
        expect([...weightsOf(new Map(Object.entries(given).reverse()))]).toEqual([...weights]);
      }),
    ));

  test('a higher score never weighs less', () =>
    fc.assert(
      fc.property(scores, (given) => {
        const weights = weightsOf(new Map(Object.entries(given)));
        const byScore = Object.entries(given).sort(([, a], [, b]) => a - b);
        byScore.forEach(([id, score], n) => {
          const [next, higher] = byScore[n + 1] ?? [id, score];
          if (higher > score) expect(weights.get(next) ?? 0).toBeGreaterThanOrEqual(weights.get(id) ?? 0);
        });
      }),
    ));
});
