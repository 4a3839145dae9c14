import { createSystemClock } from '#adapters/system';
import type { Scheduler, Timer } from '#events';

/** A scheduler on the machine's clock. `replica` is another process on the same timers, where that exists. */
export type OpenedScheduler = {
  readonly scheduler: Scheduler;
  readonly close: () => Promise<void>;
  readonly replica?: () => Promise<Scheduler>;
};

export type Open = () => Promise<OpenedScheduler>;

export const { now } = createSystemClock();
/** Longer than any scheduler here is late on a busy machine of two cores; only the absence of a call waits for it. */
export const quietMs = 300;

/** A kind's timers as events would tell them, and every call that came. */
export const createTruth = (kind = 'deadline') => {
  const standing = new Map<string, number>();
  const calls: (Timer & { readonly at: number })[] = [];
  const note = (timer: Timer): void => {
    calls.push({ ...timer, at: now() });
    if (standing.get(timer.id) === timer.dueAt) standing.delete(timer.id);
  };
  return {
    standing,
    calls,
    note,
    ids: () => calls.map(({ id }) => id).sort(),
    source: (due: (timer: Timer) => Promise<void> = async (timer) => note(timer)) => ({
      kind,
      derive: () => [...standing].map(([id, dueAt]) => ({ id, dueAt })),
      due,
    }),
    /** Sets a timer as its owner would: the truth first, then the scheduler. */
    set: (timers: { set(timer: Timer): void }, id: string, inMs: number): number => {
      const dueAt = now() + inMs;
      standing.set(id, dueAt);
      timers.set({ id, dueAt });
      return dueAt;
    },
    cancel: (timers: { cancel(id: string): void }, id: string): void => {
      standing.delete(id);
      timers.cancel(id);
    },
  };
};
