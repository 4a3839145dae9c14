import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { movesOf, testDeciderLaws } from '../../../../test/domain/laws.ts';
import { nano, noon, times } from '../../../../test/domain/samples.ts';
import { Refusal } from '../errors.ts';
import { microCredits } from '../values/money.ts';
import { mebibyte } from '../values/size.ts';
import { type FlavorCommand, type FlavorEvent, type FlavorState, flavor, offeredFlavor, withDisk } from './flavor.ts';
import { standardFlavors } from './standard.ts';

const price = microCredits(5_000n);
const define = { type: 'DefineFlavor', now: noon, flavorId: 'nano', size: nano, pricePerHour: price } as const;
const defined: FlavorEvent = { type: 'FlavorDefined', flavorId: 'nano', size: nano, pricePerHour: price };
const retired: FlavorEvent = { type: 'FlavorRetired', reason: 'nano-2 is cheaper' };

describe('a flavor with a larger disk', () => {
  const offered = { flavorId: 'nano', size: nano, pricePerHour: price };
  const disk = fc.integer({ min: 1, max: 64 }).map((times) => times * 512 * mebibyte);

  test('given no more disk than it has / then it is the flavor', () => {
    expect(withDisk(offered, nano.diskBytes / 2)).toEqual(offered);
    expect(withDisk(offered, nano.diskBytes)).toEqual(offered);
  });

  test('given three times its disk / then it costs three times as much, and is else the same', () => {
    const diskBytes = 3 * nano.diskBytes;
    expect(withDisk(offered, diskBytes)).toEqual({
      ...{ flavorId: 'nano', size: { ...nano, diskBytes }, pricePerHour: microCredits(15_000n) },
    });
  });

  test('given parts of a MiB, or more than there may be / then it is refused with the limits', () => {
    for (const diskBytes of [nano.diskBytes + 1, 2 ** 50]) {
      expect(() => withDisk(offered, diskBytes)).toThrow(expect.objectContaining({ code: 'invalid-flavor' }));
    }
    expect(() => withDisk(offered, 2 ** 50)).toThrow(/to .*65536 GiB of disk, .*whole MiB/);
  });

  test('given any disk / then a byte of it costs at least what one costs in the flavor, and more of it never less', () => {
    fc.assert(
      fc.property(disk, disk, fc.bigInt({ min: 1n, max: 10n ** 10n }), (one, more, pricePerHour) => {
        const flavorOf = { ...offered, pricePerHour: microCredits(pricePerHour) };
        const [small, large] = [withDisk(flavorOf, Math.min(one, more)), withDisk(flavorOf, Math.max(one, more))];
        expect(large.pricePerHour).toBeGreaterThanOrEqual(small.pricePerHour);
        expect(large.pricePerHour * BigInt(nano.diskBytes)).toBeGreaterThanOrEqual(
          pricePerHour * BigInt(large.size.diskBytes),
        );
      }),
    );
  });
});

describe('a flavor', () => {
  test('given none / when it is defined / then it is', () => given(flavor).when(define).thenEvents(defined));

  test('given a flavor / when it is defined with another size or price / then it is refused: it never changes', () => {
    given(flavor, defined)
      .when({ ...define, size: times(2, nano) })
      .thenRefused('flavor-exists-with-other-content', /retire/);
    given(flavor, defined)
      .when({ ...define, pricePerHour: microCredits(1n) })
      .thenRefused('flavor-exists-with-other-content', /0.005 credits/);
  });

  test('given a retired flavor / when the bootstrap defines it again / then it stays retired', () =>
    given(flavor, defined, retired).when(define).thenNothing());

  test('given a flavor / when it is retired / then its reason is kept, and nobody is given it any more', () => {
    given(flavor, defined).when({ type: 'RetireFlavor', now: noon, reason: 'nano-2 is cheaper' }).thenEvents(retired);
    const state = flavor.evolve(flavor.evolve(null, defined), retired);
    expect(() => offeredFlavor(state, 'nano')).toThrow(expect.objectContaining({ code: 'flavor-retired' }));
    expect(offeredFlavor(flavor.evolve(null, defined), 'nano')).toMatchObject({ size: nano });
    expect(() => offeredFlavor(null, 'giant')).toThrow(Refusal);
  });

  test('given sizes, prices and names that cannot be / then each is refused', () => {
    given(flavor)
      .when({ ...define, size: { ...nano, vcpus: 0 } })
      .thenRefused('invalid-flavor');
    given(flavor)
      .when({ ...define, size: { ...nano, memoryBytes: nano.memoryBytes + 1 } })
      .thenRefused('invalid-flavor');
    given(flavor)
      .when({ ...define, size: { ...nano, diskBytes: 2 ** 60 } })
      .thenRefused('invalid-flavor');
    given(flavor)
      .when({ ...define, pricePerHour: microCredits(0n) })
      .thenRefused('invalid-flavor', /above 0/);
    given(flavor)
      .when({ ...define, flavorId: 'Nano!' })
      .thenRefused('invalid-name');
    given(flavor).when({ type: 'RetireFlavor', now: noon, reason: 'x' }).thenRefused('flavor-not-found');
    given(flavor, defined).when({ type: 'RetireFlavor', now: noon, reason: '' }).thenRefused('invalid-name');
  });

  test('the standard ones can all be defined', () => {
    for (const standard of standardFlavors) {
      given(flavor)
        .when({ type: 'DefineFlavor', now: noon, ...standard })
        .thenEvents({ type: 'FlavorDefined', ...standard });
    }
  });

  const command: fc.Arbitrary<FlavorCommand> = fc.oneof(
    fc.record({
      ...{ type: fc.constant('DefineFlavor' as const), now: fc.constant(noon), flavorId: fc.constantFrom('nano', 'N') },
      ...{
        size: fc.constantFrom(nano, times(2, nano), times(0, nano)),
        pricePerHour: fc.constantFrom(price, microCredits(0n)),
      },
    }),
    fc.record({
      type: fc.constant('RetireFlavor' as const),
      now: fc.constant(noon),
      reason: fc.constantFrom('old', ''),
    }),
  );
  testDeciderLaws({
    decider: flavor,
    move: movesOf<FlavorState, FlavorCommand>(command),
    samples: { FlavorDefined: [defined, { ...defined, size: times(2, nano) }], FlavorRetired: [retired] },
  });
});
