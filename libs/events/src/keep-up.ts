import { lastingFault } from './consumer-faults.ts';
import type { Position } from './envelope.ts';
import { consumerRetryMaxMs, consumerRetryMs, lastingRetryMs } from './limits.ts';
import type { Clock } from './ports/clock.ts';
import type { EventStore } from './ports/event-store.ts';
import { nextAppend } from './store/follow.ts';

export type KeepUp = {
  readonly store: Pick<EventStore, 'subscribe'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Takes what there is, at most a page; how much that was. */
  readonly step: () => Promise<number>;
  readonly position: () => Position | null;
  /** Whether the last step took all there was: what comes meanwhile is waited for, so that much of it is taken together. */
  readonly isAtEnd: () => boolean;
  /** Told of each failure in a row, before the pause. */
  readonly stalled: (error: unknown, failures: number) => void;
};

/**
 * Steps until the signal aborts: at once while there is more, else at the next append; after a failure it pauses, longer each
 * time. What only a person ends is tried again too, seldom: a process that ended would say nothing more, and come back to
 * the same.
 */
export const keepUp = async ({ store, clock, signal, step, position, isAtEnd, stalled }: KeepUp): Promise<void> => {
  let failures = 0;
  while (!signal.aborted) {
    try {
      const seen = await step();
      failures = 0;
      if (seen === 0 || isAtEnd()) await nextAppend(store, position(), signal);
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      stalled(error, failures);
      await clock.sleep(lastingFault(error) === null ? pauseMs(failures) : lastingRetryMs, signal);
    }
  }
};

const pauseMs = (failures: number): number =>
  Math.min(consumerRetryMs * 2 ** Math.min(failures, 10), consumerRetryMaxMs);
