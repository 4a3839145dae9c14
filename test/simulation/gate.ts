import { setImmediate } from 'node:timers/promises';
import type { Random } from './random.ts';

/**
 * Holds every write until the simulator lets it go, so that what runs at the same time meets in every order the seed
 * wants. Between two releases everything runs until it waits at the gate again.
 */
export type Gate = {
  pass(): Promise<void>;
  /** Lets one of those who wait go on; `false` when nobody waits. */
  releaseOne(): boolean;
  /** Nobody waits until it is closed. */
  open(): void;
  close(): void;
  /** Runs every promise as far as it goes by itself. */
  settle(): Promise<void>;
};

export const createGate = (random: Random): Gate => {
  const waiting: (() => void)[] = [];
  let isOpen = false;
  const releaseOne = (): boolean => {
    const [release] = waiting.splice(random.between(0, waiting.length - 1), 1);
    release?.();
    return release !== undefined;
  };
  return {
    pass: () => (isOpen ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    releaseOne,
    open: () => {
      isOpen = true;
      while (releaseOne());
    },
    close: () => {
      isOpen = false;
    },
    settle: () => setImmediate(),
  };
};
