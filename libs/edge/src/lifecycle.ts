import type { Clock } from '#events';
import { partStartMs, partStopMs } from './limits.ts';
import type { Log } from './log.ts';

/** Something with a beginning and an end. `stop` is safe after a `start` that failed or never was. */
export type Part = {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
};

export type Deadlines = { readonly startMs?: number; readonly stopMs?: number };

export type Lifecycle = {
  /** Opens what later parts need, and closes it after them. */
  open<T>(name: string, open: () => Promise<T>, close: (opened: T) => Promise<void>, deadlines?: Deadlines): Promise<T>;
  start(part: Part, deadlines?: Deadlines): Promise<void>;
  /** Stops everything in reverse order, each within its time; one that fails keeps nobody else up. */
  stop(): Promise<void>;
};

/** A part that was asked to start after the stop had begun. */
export class Stopping extends Error {
  override readonly name = 'Stopping';
}

/** A part that did not answer in its time. */
export class DeadlinePassed extends Error {
  override readonly name = 'DeadlinePassed';
}

/** Named parts, started in the order they are given and stopped in reverse. */
export const createLifecycle = ({ log, clock }: { readonly log: Log; readonly clock: Clock }): Lifecycle => {
  const started: { readonly name: string; readonly stop: () => Promise<void>; readonly stopMs: number }[] = [];
  let stopped: Promise<void> | null = null;

  const open: Lifecycle['open'] = async (name, begin, close, { startMs = partStartMs, stopMs = partStopMs } = {}) => {
    if (stopped !== null) throw new Stopping(`${name} does not start: the program is stopping`);
    const from = clock.now();
    const opening = begin();
    try {
      const opened = await within(opening, startMs, clock, `${name} did not start within ${startMs} ms`);
      started.push({ name, stop: () => close(opened), stopMs });
      log('debug', 'part started', { part: name, ms: clock.now() - from });
      return opened;
    } catch (error) {
      // What arrives after its deadline is nobody's; let go of it.
      if (error instanceof DeadlinePassed) opening.then(close).catch(() => undefined);
      throw error;
    }
  };

  const stopAll = async (): Promise<void> => {
    for (const { name, stop, stopMs } of started.splice(0).reverse()) {
      const from = clock.now();
      try {
        await within(stop(), stopMs, clock, `${name} did not stop within ${stopMs} ms`);
        log('debug', 'part stopped', { part: name, ms: clock.now() - from });
      } catch (error) {
        log('error', 'part did not stop in order', { part: name, error });
      }
    }
  };

  return {
    open,
    start: async (part, deadlines) => {
      const stop = (): Promise<void> => part.stop();
      try {
        await open(part.name, () => part.start(), stop, deadlines);
      } catch (error) {
        // Half a start may hold a socket or a timer.
        if (!(error instanceof Stopping)) await within(stop(), partStopMs, clock, '').catch(() => undefined);
        throw error;
      }
    },
    stop: () => {
      stopped ??= stopAll();
      return stopped;
    },
  };
};

const within = async <T>(work: Promise<T>, ms: number, clock: Clock, late: string): Promise<T> => {
  const patience = new AbortController();
  const deadline = clock.sleep(ms, patience.signal).then((): never => {
    throw new DeadlinePassed(late);
  });
  // Once the work has won, nobody listens to the deadline.
  deadline.catch(() => undefined);
  try {
    return await Promise.race([work, deadline]);
  } finally {
    patience.abort();
  }
};
