import type { Decider } from '../decider.ts';
import { Refusal } from '../errors.ts';
import { formatCredits, type MicroCredits, microCredits } from '../values/money.ts';
import { assertHostName, assertText } from '../values/names.ts';
import { formatSize, type Size, sameSize } from '../values/size.ts';
import type { UnixMs } from '../values/time.ts';
import { diskUnitBytes, flavorPriceMax, flavorSizeMax, flavorSizeMin, retireReasonLengthMax } from './limits.ts';

// These names and fields are the stored format of `flavor-<id>`. They change only with a new version and an upcaster.

/** A size with a price. */
export type Flavor = { readonly flavorId: string; readonly size: Size; readonly pricePerHour: MicroCredits };

export type FlavorEvent =
  | ({ readonly type: 'FlavorDefined' } & Flavor)
  | { readonly type: 'FlavorRetired'; readonly reason: string };

export type FlavorCommand = { readonly now: UnixMs } & (
  | ({ readonly type: 'DefineFlavor' } & Flavor)
  | { readonly type: 'RetireFlavor'; readonly reason: string }
);

/** `null` before the first event. */
export type FlavorState = (Flavor & { readonly retired: { readonly reason: string } | null }) | null;

/**
 * The rules of one `flavor-<id>` stream. A flavour never changes: whoever asked for `nano` got what `nano` is, and an
 * invoice may name it. Another size or price is another flavour; the old one is retired, and its VMs go on.
 */
export const flavor: Decider<FlavorState, FlavorCommand, FlavorEvent> = {
  initial: null,
  decide: (state, command) => (command.type === 'DefineFlavor' ? define(state, command) : retire(state, command)),
  evolve: (state, event) => {
    if (event.type === 'FlavorDefined') {
      const { flavorId, size, pricePerHour } = event;
      return state ?? { flavorId, size, pricePerHour, retired: null };
    }
    return state === null ? null : { ...state, retired: state.retired ?? { reason: event.reason } };
  },
};

/** Refuses a flavour that nobody defined, and unless told otherwise one that is retired. */
export const offeredFlavor = (state: FlavorState, flavorId: string): Flavor => {
  if (state === null) throw noFlavor(flavorId);
  if (state.retired === null) return state;
  throw new Refusal(
    'flavor-retired',
    `flavor ${flavorId} is no longer offered (${state.retired.reason}); \`hcc flavor ls\` lists what is`,
    { flavorId },
  );
};

/**
 * A flavour with at least this much disk, for one VM: its own price, or in proportion to the disk where that is larger. A
 * flavour has one price for all of it, so that no disk is had for less than within it. Refuses what no flavour can have.
 */
export const withDisk = (flavor: Flavor, diskBytes: number): Flavor => {
  const { size, pricePerHour } = flavor;
  if (diskBytes <= size.diskBytes) return flavor;
  const [wanted, has] = [BigInt(diskBytes), BigInt(size.diskBytes)];
  const larger = { ...size, diskBytes };
  assertSize(flavor.flavorId, larger);
  return { ...flavor, size: larger, pricePerHour: microCredits((pricePerHour * wanted + has - 1n) / has) };
};

export const noFlavor = (flavorId: string): Refusal =>
  new Refusal('flavor-not-found', `there is no flavor ${flavorId}; \`hcc flavor ls\` lists what there is`, {
    flavorId,
  });

type Command<Type extends FlavorCommand['type']> = Extract<FlavorCommand, { type: Type }>;

const define = (state: FlavorState, command: Command<'DefineFlavor'>): readonly FlavorEvent[] => {
  const { flavorId, size, pricePerHour } = command;
  if (state !== null) {
    // Also once it is retired: a bootstrap that comes again must not bring back what an operator took away.
    if (sameSize(state.size, size) && state.pricePerHour === pricePerHour) return [];
    throw new Refusal(
      'flavor-exists-with-other-content',
      `flavor ${flavorId} is ${formatSize(state.size)} at ${formatCredits(state.pricePerHour)} an hour and never changes; define another one and retire this`,
      { flavorId },
    );
  }
  assertHostName('flavor', flavorId);
  assertSize(flavorId, size);
  if (pricePerHour <= 0n || pricePerHour > flavorPriceMax) {
    throw new Refusal(
      'invalid-flavor',
      `flavor ${flavorId} at ${formatCredits(pricePerHour)} an hour cannot be; the price is above 0 and at most ${formatCredits(flavorPriceMax)}`,
      { flavorId },
    );
  }
  return [{ type: 'FlavorDefined', flavorId, size, pricePerHour }];
};

const retire = (state: FlavorState, { reason }: Command<'RetireFlavor'>): readonly FlavorEvent[] => {
  if (state === null)
    throw new Refusal('flavor-not-found', 'there is no such flavor; `hcc flavor ls` lists what there is');
  if (state.retired !== null) return [];
  assertText('reason of a retirement', reason, 1, retireReasonLengthMax);
  return [{ type: 'FlavorRetired', reason }];
};

const assertSize = (flavorId: string, size: Size): void => {
  const parts = ['vcpus', 'memoryBytes', 'diskBytes'] as const;
  const isPossible =
    parts.every((part) => Number.isSafeInteger(size[part]) && size[part] >= flavorSizeMin[part]) &&
    parts.every((part) => size[part] <= flavorSizeMax[part]) &&
    size.diskBytes % diskUnitBytes === 0 &&
    size.memoryBytes % diskUnitBytes === 0;
  if (isPossible) return;
  throw new Refusal(
    'invalid-flavor',
    `flavor ${flavorId} with ${formatSize(size)} cannot be; use ${formatSize(flavorSizeMin)} to ${formatSize(flavorSizeMax)}, memory and disk in whole MiB`,
    { flavorId },
  );
};
