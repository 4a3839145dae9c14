import type { UnixMs } from '#domain';

/** Timers by key. A timer is always derivable from events, so a lost one is rebuilt and a repeated one replaces itself. */
export type Scheduler = {
  /** Calls `due` once at or after `at`; the same key again replaces. */
  schedule(key: string, at: UnixMs, due: () => Promise<void>): void;
  cancel(key: string): void;
  stop(): Promise<void>;
};
