import { type MicroCredits, microCredits } from '../values/money.ts';
import { gibibyte, mebibyte, type Size } from '../values/size.ts';

/** A size with a price. A request copies both into its event, so a later change of this list rewrites no history. */
export type Flavor = {
  readonly flavorId: string;
  readonly size: Size;
  readonly pricePerHour: MicroCredits;
};

/** The flavours on offer, smallest first. They become events (`flavor-<id>`) when operators may change them. */
export const flavors: readonly Flavor[] = [
  {
    flavorId: 'nano',
    size: { vcpus: 1, memoryBytes: 256 * mebibyte, diskBytes: gibibyte },
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
