import { microCredits } from '../values/money.ts';
import { gibibyte, mebibyte } from '../values/size.ts';
import type { Flavor } from './flavor.ts';

/**
 * What a new network is given to offer, smallest first: the content of the commands its bootstrap gives. No rule reads
 * it; what is on offer is what the `flavor-<id>` streams say.
 */
export const standardFlavors: readonly Flavor[] = [
  {
    flavorId: 'nano',
    size: { vcpus: 1, memoryBytes: 512 * mebibyte, diskBytes: gibibyte },
    pricePerHour: microCredits(5_000n),
  },
  {
    flavorId: 'micro',
    size: { vcpus: 1, memoryBytes: 512 * mebibyte, diskBytes: 2 * gibibyte },
    pricePerHour: microCredits(10_000n),
  },
  {
    flavorId: 'small',
    size: { vcpus: 2, memoryBytes: 2 * gibibyte, diskBytes: 10 * gibibyte },
    pricePerHour: microCredits(40_000n),
  },
  {
    flavorId: 'medium',
    size: { vcpus: 4, memoryBytes: 8 * gibibyte, diskBytes: 40 * gibibyte },
    pricePerHour: microCredits(150_000n),
  },
];
