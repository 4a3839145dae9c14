import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nano, times, uuid, vmId } from '../../../../test/domain/samples.ts';
import type { MinerId } from '../values/ids.ts';
import { firstShortage, noSize, type Size, sameSize, subtractSize } from '../values/size.ts';
import { type PlacementCandidate, type PlacementDecision, place } from './placement.ts';

const size = fc.record({
  vcpus: fc.integer({ min: 0, max: 3 }),
  memoryBytes: fc.integer({ min: 0, max: 3 }),
  diskBytes: fc.integer({ min: 0, max: 3 }),
});

const candidates: fc.Arbitrary<readonly PlacementCandidate[]> = fc.uniqueArray(
  fc.record({
    minerId: fc.integer({ min: 1, max: 20 }).map((n) => uuid<MinerId>(n)),
    attached: fc.boolean(),
    lost: fc.boolean(),
    draining: fc.boolean(),
    distrusted: fc.boolean(),
    capacity: size,
    reserved: size,
  }),
  { maxLength: 12, size: 'max', selector: ({ minerId }) => minerId },
);

/** Said once more and in another way than the code says it. */
const fits = (candidate: PlacementCandidate, wanted: Size): boolean =>
  candidate.attached &&
  !candidate.lost &&
  !candidate.draining &&
  !candidate.distrusted &&
  !sameSize(candidate.capacity, noSize) &&
  firstShortage(wanted, subtractSize(candidate.capacity, candidate.reserved)) === null;

const chosen = (decision: PlacementDecision): MinerId | null => (decision.fit ? decision.minerId : null);

describe('the laws of placement', () => {
  test('given any miners / then one that fits is chosen, whenever some miner fits', () =>
    fc.assert(
      fc.property(candidates, size, (miners, wanted) => {
        const fitting = miners.filter((miner) => fits(miner, wanted)).map(({ minerId }) => minerId);
        const minerId = chosen(place({ vmId, size: wanted }, miners));
        if (fitting.length === 0) expect(minerId).toBeNull();
        else expect(fitting).toContain(minerId);
      }),
    ));

  test('given any miners / then none that fits has more room than the chosen one', () =>
    fc.assert(
      fc.property(candidates, size, (miners, wanted) => {
        const minerId = chosen(place({ vmId, size: wanted }, miners));
        const rank = ({ capacity, reserved, minerId: id }: PlacementCandidate) =>
          [9 - (capacity.memoryBytes - reserved.memoryBytes), 9 - (capacity.vcpus - reserved.vcpus), id].join(' ');
        const best = miners.filter((miner) => fits(miner, wanted)).sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
        expect(minerId).toBe(best[0]?.minerId ?? null);
      }),
    ));

  test('given any miners in any order / then choice, reasons and rejections are the same', () =>
    fc.assert(
      fc.property(
        candidates.chain((miners) =>
          fc.tuple(fc.constant(miners), fc.shuffledSubarray([...miners], { minLength: miners.length })),
        ),
        size,
        ([miners, shuffled], wanted) => {
          const [one, other] = [place({ vmId, size: wanted }, miners), place({ vmId, size: wanted }, shuffled)];
          expect(chosen(other)).toBe(chosen(one));
          expect(other.fit ? null : JSON.stringify(other.reasons)).toBe(one.fit ? null : JSON.stringify(one.reasons));
          expect(new Map(other.rejected.map(({ minerId, code }) => [minerId, code]))).toEqual(
            new Map(one.rejected.map(({ minerId, code }) => [minerId, code])),
          );
        },
      ),
    ));

  test('given any miners / then every one that does not fit, and no other, has exactly one reason, and they are counted', () =>
    fc.assert(
      fc.property(candidates, size, (miners, wanted) => {
        const decision = place({ vmId, size: wanted }, miners);
        const misfits = miners.filter((miner) => !fits(miner, wanted)).map(({ minerId }) => minerId);
        expect(decision.rejected.map(({ minerId }) => minerId)).toEqual(misfits);
        if (!decision.fit) expect(Object.values(decision.reasons).reduce((a, b) => a + b, 0)).toBe(misfits.length);
      }),
    ));

  test('given 5,000 miners / then a decision looks at each once', () => {
    let looks = 0;
    const miners = Array.from({ length: 5_000 }, (_, n) => ({
      minerId: uuid<MinerId>(n),
      attached: true,
      lost: false,
      draining: false,
      distrusted: false,
      reserved: noSize,
      get capacity() {
        looks += 1;
        return times(1 + (n % 50), nano);
      },
    }));
    expect(chosen(place({ vmId, size: nano }, miners))).toBe(uuid(49));
    expect(looks).toBeLessThan(5_000 * 8);
  });
});
