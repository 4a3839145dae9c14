/** Choices that depend on the seed only. */
export type Random = {
  /** A number from 0 to below 1. */
  next(): number;
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number;
  chance(probability: number): boolean;
  /** One of a list; throws on an empty one. */
  pick<Item>(items: readonly Item[]): Item;
};

/** Choices of one run, drawn anew at each step: what happens in a step does not depend on which others were left out. */
export type SteppedRandom = Random & { enter(step: number): void };

/** The generator splitmix32: small, and the same on every machine. */
export const createRandom = (seed: number): Random => {
  let state = seed >>> 0;
  return choices(() => {
    state = (state + 0x9e3779b9) >>> 0;
    return mixed(state) / 2 ** 32;
  });
};

/** {@link createRandom} that begins anew, from the seed and the step, whenever a step is entered. */
export const createSteppedRandom = (seed: number): SteppedRandom => {
  let current = createRandom(seed);
  return {
    ...choices(() => current.next()),
    enter: (step) => {
      current = createRandom(mixed(seed >>> 0) ^ Math.imul(step + 1, 0x85ebca6b));
    },
  };
};

const choices = (next: () => number): Random => {
  const between = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    between,
    chance: (probability) => next() < probability,
    pick: (items) => {
      const item = items[between(0, items.length - 1)];
      if (item === undefined) throw new RangeError('nothing to pick from');
      return item;
    },
  };
};

const mixed = (state: number): number => {
  let bits = state ^ (state >>> 16);
  bits = Math.imul(bits, 0x21f0aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
  return (bits ^ (bits >>> 15)) >>> 0;
};
