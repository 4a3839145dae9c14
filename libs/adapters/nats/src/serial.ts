/** Runs tasks of one key one after the other, in the order they came; other keys do not wait for it. */
export type Serial = {
  run<Result>(key: string, task: () => Promise<Result>): Promise<Result>;
  /** Resolves when everything given so far has ended. */
  idle(): Promise<void>;
};

/** At most `inFlightMax` tasks run at once over all keys. Bounded by what its callers hold: it keeps one promise per waiting task. */
export const createSerial = (inFlightMax: number): Serial => {
  const tails = new Map<string, Promise<unknown>>();
  const waiting: (() => void)[] = [];
  let running = 0;

  const enter = (): Promise<void> => {
    if (running < inFlightMax) {
      running += 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => waiting.push(resolve));
  };
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  };

  return {
    run: (key, task) => {
      const bounded = async () => {
        await enter();
        try {
          return await task();
        } finally {
          leave();
        }
      };
      const before = tails.get(key) ?? Promise.resolve();
      const result = before.then(bounded, bounded);
      const tail = result.then(
        () => undefined,
        () => undefined,
      );
      tails.set(key, tail);
      void tail.then(() => {
        if (tails.get(key) === tail) tails.delete(key);
      });
      return result;
    },
    idle: async () => {
      while (tails.size > 0) await Promise.all(tails.values());
    },
  };
};
