import { describe, expect, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { minerId, nano, noon, times } from '../../../../test/domain/samples.ts';
import { happened, until } from '../../../../test/domain/vm-story.ts';
import { fold } from '../decider.ts';
import { type FlavorEvent, flavor } from '../flavor/flavor.ts';
import { microCredits } from '../values/money.ts';
import { vm } from './index.ts';
import { reservationDeadlineMs } from './limits.ts';
import { resizedFlavor } from './resized-flavor.ts';

const price = microCredits(5_000n);
const defined: FlavorEvent = { type: 'FlavorDefined', flavorId: 'nano', size: nano, pricePerHour: price };
const running = fold(vm, until.running);
if (running === null) throw new Error('BUG: no VM');
const { diskBytes } = nano;

describe('what a VM is resized to', () => {
  const offered = fold(flavor, [defined]);

  test('given a flavor alone / then it is that', () =>
    expect(resizedFlavor(running, offered, { flavorId: 'nano', diskBytes: undefined })).toMatchObject({ size: nano }));

  test('given a larger disk / then it is the flavor with that disk, at the price in proportion', () =>
    expect(resizedFlavor(running, offered, { flavorId: 'nano', diskBytes: 2 * diskBytes })).toMatchObject({
      ...{ size: { ...nano, diskBytes: 2 * diskBytes }, pricePerHour: 10_000n },
    }));

  test('given a smaller disk than it has / then it is refused by name, also where the flavor has enough', () => {
    const smaller = { flavorId: 'nano', diskBytes: diskBytes / 2 };
    const refusal = { code: 'disk-never-shrinks', data: { observed: diskBytes / 2, wanted: diskBytes } };
    expect(() => resizedFlavor(running, offered, smaller)).toThrow(expect.objectContaining(refusal));
    const large = fold(flavor, [{ ...defined, size: times(4, nano) }]);
    expect(() => resizedFlavor(running, large, smaller)).toThrow(expect.objectContaining(refusal));
  });

  const retired = fold(flavor, [defined, { type: 'FlavorRetired', reason: 'nano-2 is cheaper' }]);

  test('given the flavor it has is retired / then its disk still grows, at that price in proportion', () =>
    expect(resizedFlavor(running, retired, { flavorId: 'nano', diskBytes: 3 * diskBytes })).toEqual({
      ...{ flavorId: 'nano', size: { ...nano, diskBytes: 3 * diskBytes }, pricePerHour: 15_000n },
    }));

  test('given another flavor that is retired / then it is refused, with a larger disk too', () => {
    for (const wanted of [undefined, 2 * diskBytes]) {
      expect(() =>
        resizedFlavor({ ...running, flavorId: 'micro' }, retired, { flavorId: 'nano', diskBytes: wanted }),
      ).toThrow(expect.objectContaining({ code: 'flavor-retired' }));
    }
  });

  test('given a stopped VM of a retired flavor / when its disk is resized / then a new generation with that disk is wanted', () => {
    const { size, pricePerHour } = resizedFlavor(running, retired, { flavorId: 'nano', diskBytes: 2 * diskBytes });
    given(vm, ...until.running, happened.stopRequested, happened.stopped(3, 'requested'))
      .when({ type: 'ResizeVm', now: noon, flavorId: 'nano', size, pricePerHour })
      .thenEvents({
        ...{ type: 'VmResizeRequested', minerId, generation: 2, flavorId: 'nano', size, pricePerHour },
        deadlineAt: noon + reservationDeadlineMs,
      });
  });

  test('given a flavor that nobody defined / then it is refused by name', () =>
    expect(() => resizedFlavor(running, null, { flavorId: 'huge', diskBytes: undefined })).toThrow(
      expect.objectContaining({ code: 'flavor-not-found' }),
    ));
});
