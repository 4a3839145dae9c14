import { wakePauseMaxMs, wakePauseMs, wakePausePerEventMs } from './limits.ts';

export type Pace = {
  /** Wakes the tails for so many appends: at once, or with all that come until the pause is over. */
  appended(appends: number): void;
  /** Resolves when a tail may read: at once, unless there is so much to see that it shall be seen together. */
  calm(): Promise<void>;
};

/** When tails wake and read. The busier the store, the longer they leave it alone, up to {@link wakePauseMaxMs}. */
export const createPace = (wake: () => void): Pace => {
  let isPausing = false;
  let isBusy = false;
  let waiting = 0;
  let held: (() => void)[] = [];

  const begin = (): void => {
    const pauseMs = Math.min(wakePauseMaxMs, Math.max(wakePauseMs, wakePausePerEventMs * waiting));
    [isPausing, isBusy, waiting] = [true, pauseMs > wakePauseMs, 0];
    wake();
    setTimeout(end, pauseMs).unref();
  };
  const end = (): void => {
    [isPausing, isBusy] = [false, false];
    const reading = held;
    held = [];
    if (waiting > 0) begin();
    for (const read of reading) read();
  };
  return {
    appended: (appends) => {
      waiting += appends;
      if (!isPausing) begin();
    },
    calm: () => (isBusy ? new Promise((resolve) => held.push(resolve)) : Promise.resolve()),
  };
};
