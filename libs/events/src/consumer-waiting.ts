import type { Position } from './envelope.ts';
import type { Clock } from './ports/clock.ts';

/** Those who wait until a consumer has come to a position. */
export type Waiting = {
  /** Has them look again. */
  wake(): void;
  /** `true` once it is there, `false` when the time is up. */
  reached(wanted: Position, waitMs: number): Promise<boolean>;
};

export const createWaiting = (clock: Clock, isThere: (wanted: Position) => boolean): Waiting => {
  const waiters = new Set<() => void>();
  return {
    wake: () => {
      for (const wake of [...waiters]) wake();
    },
    reached: async (wanted, waitMs) => {
      if (isThere(wanted)) return true;
      const patience = new AbortController();
      let wake: () => void = () => undefined;
      const arrived = new Promise<void>((resolve) => {
        wake = () => {
          if (isThere(wanted)) resolve();
        };
        waiters.add(wake);
      });
      try {
        await Promise.race([arrived, clock.sleep(waitMs, patience.signal)]);
        return isThere(wanted);
      } finally {
        waiters.delete(wake);
        patience.abort();
      }
    },
  };
};
