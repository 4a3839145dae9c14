import { setImmediate } from 'node:timers/promises';
import type { UnixMs } from '#domain';
import type { Clock } from '#events';
import type { Life } from './life.ts';

/** The one time of a run. It moves only when told to. */
export type VirtualTime = {
  readonly clock: Clock;
  /** A process's own clock: it may be wrong, and it stands still for a process that is paused or over. */
  clockOf(life: Life, offsetMs: () => number): Clock;
  /** Moves time on, waking sleepers in the order of their instants; what each starts runs as far as it goes by itself. */
  advance(ms: number): Promise<void>;
  /** Runs every promise as far as it goes by itself. */
  settle(): Promise<void>;
};

type Sleeper = { readonly dueAt: UnixMs; readonly life: Life | null; readonly wake: () => void };

export const createVirtualTime = (startMs: UnixMs): VirtualTime => {
  let now = startMs;
  const sleepers = new Set<Sleeper>();

  const next = (): Sleeper | null => {
    let first: Sleeper | null = null;
    for (const sleeper of sleepers) {
      if (sleeper.life?.isAlive() === false) sleepers.delete(sleeper);
      else if (sleeper.life?.isPaused() !== true && (first === null || sleeper.dueAt < first.dueAt)) first = sleeper;
    }
    return first;
  };
  const sleepOf = (life: Life | null): Clock['sleep'] => {
    return (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const wake = () => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper: Sleeper = { dueAt: now + Math.max(0, ms), life, wake };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', wake);
      });
  };
  const settle = (): Promise<void> => setImmediate();

  return {
    clock: { now: () => now, sleep: sleepOf(null) },
    clockOf: (life, offsetMs) => ({ now: () => now + offsetMs(), sleep: sleepOf(life) }),
    settle,
    advance: async (ms) => {
      const until = now + ms;
      await settle();
      for (let due = next(); due !== null && due.dueAt <= until; due = next()) {
        now = Math.max(now, due.dueAt);
        due.wake();
        await settle();
      }
      now = until;
    },
  };
};
