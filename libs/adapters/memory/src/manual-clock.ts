import { setImmediate } from 'node:timers/promises';
import type { UnixMs } from '#domain';
import type { Clock } from '#events';

/** A clock that moves only when told to. */
export type ManualClock = Clock & {
  /** Moves time on, waking sleepers in the order of their instants (then of their calls); what they start is run too. */
  advance(ms: number): Promise<void>;
  /** When the next sleeper is due; `null` when nobody sleeps. */
  nextDueAt(): UnixMs | null;
};

type Sleeper = { readonly dueAt: UnixMs; readonly wake: () => void };

/** A virtual clock for tests and the simulator: the same calls give the same order, whatever the machine does. */
export const createManualClock = (startMs: UnixMs = 0): ManualClock => {
  let now = startMs;
  const sleepers = new Set<Sleeper>();
  const next = (): Sleeper | null => {
    let first: Sleeper | null = null;
    // A set keeps the order of calls, so the first of equals was the first to sleep.
    for (const sleeper of sleepers) if (first === null || sleeper.dueAt < first.dueAt) first = sleeper;
    return first;
  };
  return {
    now: () => now,
    nextDueAt: () => next()?.dueAt ?? null,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const wake = () => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper: Sleeper = { dueAt: now + Math.max(0, ms), wake };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', wake);
      }),
    advance: async (ms) => {
      const until = now + ms;
      // A macrotask between two sleepers lets everything the first one set off run before time moves again.
      await setImmediate();
      for (let due = next(); due !== null && due.dueAt <= until; due = next()) {
        now = Math.max(now, due.dueAt);
        due.wake();
        await setImmediate();
      }
      now = Math.max(now, until);
    },
  };
};
