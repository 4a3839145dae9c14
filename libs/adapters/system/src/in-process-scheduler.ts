import type { Clock, Scheduler } from '#events';

/**
 * Timers in this process, gone with it: their owner rebuilds them from events at start. Calls of one key never overlap.
 * `onFault` is told of a `due` that threw; the timer is not tried again.
 */
export const createInProcessScheduler = (clock: Clock, onFault: (key: string, error: unknown) => void): Scheduler => {
  const timers = new Map<string, AbortController>();
  const running = new Map<string, Promise<void>>();
  let stopped = false;

  const run = (key: string, due: () => Promise<void>): Promise<void> => {
    const mine = (running.get(key) ?? Promise.resolve())
      .then(due)
      .catch((error: unknown) => onFault(key, error))
      .then(() => {
        if (running.get(key) === mine) running.delete(key);
      });
    running.set(key, mine);
    return mine;
  };
  const cancel = (key: string) => {
    timers.get(key)?.abort();
    timers.delete(key);
  };
  return {
    cancel,
    schedule: (key, at, due) => {
      cancel(key);
      if (stopped) return;
      const timer = new AbortController();
      timers.set(key, timer);
      void sleepUntil(clock, at, timer.signal).then(() => {
        if (timer.signal.aborted) return;
        timers.delete(key);
        return run(key, due);
      });
    },
    stop: async () => {
      stopped = true;
      for (const key of [...timers.keys()]) cancel(key);
      await Promise.all(running.values());
    },
  };
};

/** A wall clock may be set back while we sleep; "at or after" still holds. */
const sleepUntil = async (clock: Clock, at: number, signal: AbortSignal): Promise<void> => {
  do {
    await clock.sleep(Math.max(0, at - clock.now()), signal);
  } while (clock.now() < at && !signal.aborted);
};
