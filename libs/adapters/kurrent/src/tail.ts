import { END } from '@kurrent/kurrentdb-client';
import type { Bell, Clock } from '#events';
import { retryMaxMs, retryMs, tailPollLostMs, tailPollMs } from './limits.ts';
import type { Held, Link } from './link.ts';
import { oursOnly } from './reader.ts';

export type Tail = {
  /** Begins to listen; once is enough. */
  start(): void;
  stop(): void;
};

/**
 * Rings the bell when somebody, anywhere, has appended. The server pushes to one subscription from the end of the log,
 * which is begun again whenever it ends; who is woken reads by position, so that a push lost, late or twice costs
 * nothing. A poll is behind it.
 */
export const createTail = (link: Link, bell: Bell, clock: Clock): Tail => {
  const abort = new AbortController();
  const { signal } = abort;
  let isStarted = false;
  let isListening = false;

  const listen = async (): Promise<void> => {
    for (let failures = 0; !signal.aborted; failures += 1) {
      const wasConfirmed = await subscribeOnce(link, signal, () => {
        isListening = true;
        bell.ring();
      });
      isListening = false;
      // Whatever came while nobody listened is read now.
      bell.ring();
      if (wasConfirmed) failures = 0;
      await clock.sleep(Math.min(retryMs * 2 ** Math.min(failures, 10), retryMaxMs), signal);
    }
  };
  const poll = async (): Promise<void> => {
    while (!signal.aborted) {
      await clock.sleep(isListening ? tailPollMs : tailPollLostMs, signal);
      bell.ring();
    }
  };
  return {
    start: () => {
      if (isStarted || signal.aborted) return;
      isStarted = true;
      void listen();
      void poll();
    },
    stop: () => {
      abort.abort();
      bell.ring();
    },
  };
};

/** One subscription to its end; whether the server ever confirmed it. Errors are not told: the reads that follow meet them. */
const subscribeOnce = async (link: Link, signal: AbortSignal, heard: () => void): Promise<boolean> => {
  let held: Held;
  try {
    held = link.hold();
  } catch {
    return false; // It was closed meanwhile.
  }
  let wasConfirmed = false;
  const filter = oursOnly(link.prefix);
  const subscription = held.client.subscribeToAll({ fromPosition: END, requiresLeader: true, filter });
  const confirmed = () => {
    wasConfirmed = true;
    heard();
  };
  await new Promise<void>((resolve) => {
    const end = () => {
      signal.removeEventListener('abort', end);
      resolve();
    };
    // Errors go on coming after the first; without a listener, one would end the process.
    subscription.on('error', end).on('end', end).on('close', end);
    subscription.on('confirmation', confirmed).on('data', heard);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
  void subscription.unsubscribe().catch(() => undefined);
  held.release(!wasConfirmed && !signal.aborted);
  return wasConfirmed;
};
