import type { Life } from './life.ts';
import type { Random } from './random.ts';

/**
 * Holds every write until the simulator lets it go, so that what runs at the same time meets in every order the seed
 * wants. Between two releases everything runs until it waits at the gate again.
 */
export type Gate = {
  /** `who` in that process waits. */
  pass(life: Life, who: string | null): Promise<void>;
  /** Lets one of those who wait go on; `false` when nobody can. */
  releaseOne(): boolean;
  /** Nobody waits any more. */
  open(): void;
  close(): void;
};

type Waiting = { readonly life: Life; readonly who: string | null; readonly goOn: () => void };

/** How often a laggard is let go on when others wait too. */
const laggardChance = 0.1;

export const createGate = (random: Random, laggard: string | null): Gate => {
  let waiting: Waiting[] = [];
  let isOpen = false;
  const releaseOne = (): boolean => {
    waiting = waiting.filter(({ life }) => life.isAlive());
    const able = waiting.filter(({ life }) => !life.isPaused());
    if (able.length === 0) return false;
    const others = able.filter(({ who }) => who === null || who !== laggard);
    const one = random.pick(others.length === 0 || random.chance(laggardChance) ? able : others);
    waiting.splice(waiting.indexOf(one), 1);
    one.goOn();
    return true;
  };
  return {
    pass: (life, who) => (isOpen ? Promise.resolve() : new Promise((goOn) => waiting.push({ life, who, goOn }))),
    releaseOne,
    open: () => {
      isOpen = true;
      for (const { goOn } of waiting.splice(0)) goOn();
    },
    close: () => {
      isOpen = false;
    },
  };
};
