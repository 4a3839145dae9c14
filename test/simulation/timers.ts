import type { UnixMs } from '#domain';
import type { Scheduler } from '#events';

/** Timers on the virtual clock, fired by hand. */
export type Timers = Scheduler & {
  /** Takes out everything that is due. */
  due(now: UnixMs): readonly (() => Promise<void>)[];
};

export const createTimers = (isDropping: boolean): Timers => {
  const timers = new Map<string, { readonly at: UnixMs; readonly due: () => Promise<void> }>();
  return {
    schedule: (key, at, due) => {
      if (!isDropping) timers.set(key, { at, due });
    },
    cancel: (key) => {
      timers.delete(key);
    },
    stop: async () => timers.clear(),
    due: (now) => {
      const due = [...timers].filter(([, { at }]) => at <= now);
      for (const [key] of due) timers.delete(key);
      return due.map(([, timer]) => timer.due);
    },
  };
};
