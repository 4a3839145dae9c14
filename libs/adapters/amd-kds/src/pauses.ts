import { pauseMaxMs, pauseMs } from './limits.ts';

/** How long a kind of request has to wait. The server's own word (Retry-After) counts where it asks for more than we would wait. */
export interface Pauses {
  /** 0 where a request may be made now, which then counts as made. */
  readonly take: (nowMs: number) => number;
  readonly answered: () => void;
  /** No answer, or one that says to come later. Returns how long to wait. */
  readonly refused: (nowMs: number, retryAfterMs: number | null) => number;
}

/** One request in {@link pauseMs}, and twice as long after each refusal. */
export const createPauses = (): Pauses => {
  let nextAtMs = 0;
  let refusals = 0;
  return {
    take: (nowMs) => {
      if (nowMs < nextAtMs) return nextAtMs - nowMs;
      nextAtMs = nowMs + pauseMs;
      return 0;
    },
    answered: () => {
      refusals = 0;
    },
    refused: (nowMs, retryAfterMs) => {
      refusals += 1;
      // Beyond that many doublings the longest pause is reached anyway.
      const ours = pauseMs * 2 ** Math.min(refusals, 20);
      const waitMs = Math.min(pauseMaxMs, Math.max(ours, retryAfterMs ?? 0));
      nextAtMs = nowMs + waitMs;
      return waitMs;
    },
  };
};
