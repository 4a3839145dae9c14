import type { UnixMs } from '#domain';
import type { Scheduler, Timer, TimerSource } from '#events';

/** Timers on the virtual clock, fired by hand. */
export type Timers = Scheduler & {
  /** Takes out everything that is due and does not run already. */
  due(now: UnixMs): readonly { readonly name: string; readonly work: () => Promise<void> }[];
};

/** A call that failed is due again after this. */
const retryMs = 5_000;

export const createTimers = (isDropping: boolean): Timers => {
  const standing = new Map<string, Map<string, Timer>>();
  const sources = new Map<string, TimerSource>();
  const running = new Set<string>();

  /** As every scheduler does: a failed call comes again, unless its owner has said otherwise meanwhile. */
  const call = async ({ kind, due }: TimerSource, timer: Timer, now: UnixMs): Promise<void> => {
    running.add(nameOf(kind, timer));
    try {
      await due(timer);
    } catch (error) {
      const timers = standing.get(kind);
      if (timers?.has(timer.id) === false) timers.set(timer.id, { id: timer.id, dueAt: now + retryMs });
      throw error;
    } finally {
      running.delete(nameOf(kind, timer));
    }
  };
  return {
    serve: (source) => {
      const timers = new Map<string, Timer>();
      standing.set(source.kind, timers);
      sources.set(source.kind, source);
      const set = (timer: Timer): void => {
        if (!isDropping) timers.set(timer.id, timer);
      };
      for (const timer of source.derive()) set(timer);
      return { set, cancel: (id) => void timers.delete(id), stop: async () => timers.clear() };
    },
    status: () => ({ backend: 'in-process', standing: {}, unreachable: null }),
    stop: async () => standing.clear(),
    due: (now) =>
      [...sources.values()].flatMap((source) => {
        const timers = standing.get(source.kind) ?? new Map<string, Timer>();
        const due = [...timers.values()].filter(
          (timer) => timer.dueAt <= now && !running.has(nameOf(source.kind, timer)),
        );
        for (const { id } of due) timers.delete(id);
        return due.map((timer) => ({ name: nameOf(source.kind, timer), work: () => call(source, timer, now) }));
      }),
  };
};

const nameOf = (kind: string, { id }: Timer): string => `timer ${kind} ${id}`;
