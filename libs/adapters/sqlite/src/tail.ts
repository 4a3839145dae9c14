import type { Bell, Clock } from '#events';
import { tailPollMs } from './limits.ts';
import type { Reader } from './reader.ts';

/** A word between processes on the same file: "something was committed". It may get lost; the poll is behind it. */
export type Nudge = {
  nudge(): void;
  /** Calls back on every nudge of another process. Returns how to stop it. */
  onNudge(woken: () => void): () => void;
};

export type Tail = {
  /** Begins to watch for other processes' commits; once is enough. */
  start(): void;
  stop(): void;
};

/** Rings the bell when another process has committed: at once when nudged, else at the next poll. */
export const createTail = (reader: Reader, bell: Bell, clock: Clock, nudge: Nudge | undefined): Tail => {
  const abort = new AbortController();
  let started = false;
  const poll = async () => {
    let seen: number | undefined;
    while (!abort.signal.aborted) {
      const version = currentVersion(reader);
      if (version === undefined || version !== seen) bell.ring();
      seen = version;
      await clock.sleep(tailPollMs, abort.signal);
    }
  };
  return {
    start: () => {
      if (started || abort.signal.aborted) return;
      started = true;
      const unsubscribe = nudge?.onNudge(() => bell.ring());
      if (unsubscribe !== undefined) abort.signal.addEventListener('abort', unsubscribe);
      void poll();
    },
    stop: () => {
      abort.abort();
      bell.ring();
    },
  };
};

/** `undefined` when it cannot be read: the tails are woken then, read for themselves and get the fault. */
const currentVersion = (reader: Reader): number | undefined => {
  try {
    return reader.dataVersion();
  } catch {
    return undefined;
  }
};
