import type { Clock } from '#events';

/** Node's timers take at most 2^31 - 1 ms and fire at once when given more. */
const timerMsMax = 2 ** 31 - 1;

/** The machine's wall clock and timers. The only place that reads them. */
export const createSystemClock = (): Clock => ({
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    for (let leftMs = ms; ; leftMs -= timerMsMax) {
      await nap(Math.min(Math.max(0, leftMs), timerMsMax), signal);
      if (leftMs <= timerMsMax || signal?.aborted) return;
    }
  },
});

const nap = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const wake = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal?.addEventListener('abort', wake);
  });
