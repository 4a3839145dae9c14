import type { Clock, Scheduler, Timer, TimerFired, TimerSource, Timers } from '#events';
import { timerRetryFirstMs, timerRetryMaxMs } from './limits.ts';

export type InProcessSchedulerOptions = {
  readonly clock: Clock;
  /** Told of every call, `error` being `null` when it went well. */
  readonly fired: (fired: TimerFired) => void;
};

/** Timers in this process, gone with it: serving a kind derives them from events again. Calls for one timer never overlap. */
export const createInProcessScheduler = ({ clock, fired }: InProcessSchedulerOptions): Scheduler => {
  const served = new Map<string, { readonly timers: Timers; readonly standing: () => number }>();
  return {
    serve: (source) => {
      if (served.has(source.kind)) throw new Error(`BUG: timers of kind ${source.kind} are served already`);
      const kind = serveKind(source, clock, fired);
      const stop = async (): Promise<void> => {
        served.delete(source.kind);
        await kind.timers.stop();
      };
      served.set(source.kind, kind);
      return { ...kind.timers, stop };
    },
    status: () => ({
      backend: 'in-process',
      standing: Object.fromEntries([...served].map(([kind, { standing }]) => [kind, standing()])),
      unreachable: null,
    }),
    stop: async () => {
      await Promise.all([...served.values()].map(({ timers }) => timers.stop()));
      served.clear();
    },
  };
};

const serveKind = ({ kind, derive, due }: TimerSource, clock: Clock, fired: (fired: TimerFired) => void) => {
  const timers = new Map<string, AbortController>();
  const running = new Map<string, Promise<void>>();
  let stopped = false;

  const call = async (timer: Timer, signal: AbortSignal): Promise<void> => {
    for (let failures = 0; !signal.aborted; failures += 1) {
      const lateMs = Math.max(0, clock.now() - timer.dueAt);
      try {
        await due(timer);
        fired({ kind, lateMs, error: null });
        return;
      } catch (error) {
        fired({ kind, lateMs, error });
        await clock.sleep(Math.min(timerRetryFirstMs * 2 ** Math.min(failures, 10), timerRetryMaxMs), signal);
      }
    }
  };
  const cancel = (id: string): void => {
    timers.get(id)?.abort();
    timers.delete(id);
  };
  const run = (timer: Timer, mine: AbortController): Promise<void> => {
    const before = running.get(timer.id) ?? Promise.resolve();
    const turn = before
      .then(() => call(timer, mine.signal))
      .then(() => {
        if (running.get(timer.id) === turn) running.delete(timer.id);
        if (timers.get(timer.id) === mine) timers.delete(timer.id);
      });
    running.set(timer.id, turn);
    return turn;
  };
  const set = (timer: Timer): void => {
    cancel(timer.id);
    if (stopped) return;
    const mine = new AbortController();
    timers.set(timer.id, mine);
    void sleepUntil(clock, timer.dueAt, mine.signal).then(() => (mine.signal.aborted ? undefined : run(timer, mine)));
  };
  const stop = async (): Promise<void> => {
    stopped = true;
    for (const id of [...timers.keys()]) cancel(id);
    await Promise.all(running.values());
  };

  for (const timer of derive()) set(timer);
  return { timers: { set, cancel, stop }, standing: () => timers.size };
};

/** A wall clock may be set back while we sleep; "at or after" still holds. */
const sleepUntil = async (clock: Clock, at: number, signal: AbortSignal): Promise<void> => {
  do {
    await clock.sleep(Math.max(0, at - clock.now()), signal);
  } while (clock.now() < at && !signal.aborted);
};
