import type { Clock } from '#events';

/** How long somebody must wait before the next one is taken; 0 when this one is, and then it counts. */
export type Throttle = (key: string) => number;

export type ThrottleOptions = {
  readonly clock: Pick<Clock, 'now'>;
  /** So many may come at once. */
  readonly burst: number;
  /** Then one in this time. */
  readonly everyMs: number;
  /** Keys remembered at once. */
  readonly keysMax: number;
};

/** A bucket of tokens per key, in bounded memory. */
export const createThrottle = ({ clock, burst, everyMs, keysMax }: ThrottleOptions): Throttle => {
  // Per key, when its bucket is full again: one number says how many tokens are left now.
  const fullAt = new Map<string, number>();
  return (key) => {
    const now = clock.now();
    const full = Math.max(fullAt.get(key) ?? now, now) + everyMs;
    const waitMs = full - now - burst * everyMs;
    if (waitMs > 0) return waitMs;
    // Deleted first, so that the order of the map is that of the last ask.
    fullAt.delete(key);
    fullAt.set(key, full);
    const [oldest] = fullAt.keys();
    if (fullAt.size > keysMax && oldest !== undefined) fullAt.delete(oldest);
    return 0;
  };
};
