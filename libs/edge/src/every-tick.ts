import type { Clock } from '#events';
import type { Part } from './lifecycle.ts';
import type { Log } from './log.ts';

/** Runs `work` every `everyMs`, one at a time, until stopped. A failure is logged and the next tick tries again. */
export const everyTick = (
  name: string,
  everyMs: number,
  work: () => Promise<void>,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Part => {
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await clock.sleep(everyMs, stopping.signal);
      if (stopping.signal.aborted) return;
      try {
        await work();
      } catch (error) {
        log('warn', 'tick failed, the next one tries again', { part: name, reason: String(error) });
      }
    }
  };
  return {
    name,
    start: async () => {
      running = loop();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
};
