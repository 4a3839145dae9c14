import type { UnixMs } from '#domain';

/** Wall clock and timers. Only an adapter reads the machine's; the simulator has its own. */
export type Clock = {
  now(): UnixMs;
  /** Resolves after `ms`, or at once when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
};
