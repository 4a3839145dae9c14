/** One task after the other, in the order they were given. */
export type Serial = {
  /** Runs a task after all earlier ones; its failure is its caller's and stops nobody else. */
  run<T>(task: () => Promise<T>): Promise<T>;
  /** Resolves once everything given so far is done. */
  idle(): Promise<void>;
};

export const createSerial = (): Serial => {
  let last: Promise<unknown> = Promise.resolve();
  return {
    run: (task) => {
      const mine = last.then(task);
      last = mine.catch(() => undefined);
      return mine;
    },
    idle: async () => {
      await last;
    },
  };
};
