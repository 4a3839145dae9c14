import { AttestationRefused } from '#events';

/** Lets evidence in to be judged: one of a miner at a time, so many of all, and a short queue behind them. */
export type Turnstile = {
  /** Rejects with AttestationRefused at once when this miner is in already, or when too many wait. */
  pass<Result>(minerId: string, work: () => Promise<Result>): Promise<Result>;
};

const comeAgainMs = 2_000;

/** Ten thousand submissions of one miner cost what one costs; a crowd of miners is told to come again, in turn. */
export const createTurnstile = (atOnceMax: number, waitingMax: number): Turnstile => {
  const inside = new Set<string>();
  const waiting: (() => void)[] = [];
  let running = 0;

  const enter = async (): Promise<void> => {
    if (running >= atOnceMax) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
  };
  const leave = (): void => {
    // Whoever waits longest takes the place over.
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  };

  return {
    pass: async (minerId, work) => {
      if (inside.has(minerId)) {
        throw new AttestationRefused(
          'already-judging',
          'evidence of this miner is being judged; one at a time',
          comeAgainMs,
        );
      }
      if (running >= atOnceMax && waiting.length >= waitingMax) {
        throw new AttestationRefused('crowded', `${waiting.length} others wait for a verdict; come again`, comeAgainMs);
      }
      inside.add(minerId);
      try {
        await enter();
        try {
          return await work();
        } finally {
          leave();
        }
      } finally {
        inside.delete(minerId);
      }
    },
  };
};
