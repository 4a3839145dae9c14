import { describe, expect, test } from 'vitest';
import { nano, times } from '../../../../test/domain/samples.ts';
import { until } from '../../../../test/domain/vm-story.ts';
import { fold } from '../decider.ts';
import { type FlavorEvent, flavor } from '../flavor/flavor.ts';
import { microCredits } from '../values/money.ts';
import { vm } from './index.ts';
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

  test('given a flavor that nobody defined / then it is refused by name', () =>
    expect(() => resizedFlavor(running, null, { flavorId: 'huge', diskBytes: undefined })).toThrow(
      expect.objectContaining({ code: 'flavor-not-found' }),
    ));
});
