import type { Consumer, JetStreamClient, JsMsg } from '@nats-io/jetstream';
import type { Clock, Stop } from '#events';
import { textOf } from './errors.ts';
import { fetchExpiresMs, heartbeatMs, reportsInFlightMax, retryFirstMs, retryMaxMs } from './limits.ts';
import type { BusLog } from './status.ts';

export type PullOptions = {
  readonly js: JetStreamClient;
  readonly stream: string;
  readonly consumer: string;
  readonly clock: Clock;
  readonly closing: AbortSignal;
  readonly log: BusLog;
  /** Settles the message; must not reject. */
  readonly take: (message: JsMsg) => Promise<void>;
};

/**
 * Reads a durable consumer for as long as the bus is open. Only as many messages are asked for as are handled at once,
 * because the acknowledgement clock starts at delivery. A lost server or consumer is waited for.
 */
export const pullFrom = ({ js, stream, consumer, clock, closing, log, take }: PullOptions): Stop => {
  const stopping = new AbortController();
  const stopped = AbortSignal.any([closing, stopping.signal]);
  let pauseMs = retryFirstMs;

  const batch = async (source: Consumer): Promise<void> => {
    const messages = await source.fetch({
      max_messages: reportsInFlightMax,
      expires: fetchExpiresMs,
      idle_heartbeat: heartbeatMs,
    });
    const end = (): void => messages.stop();
    stopped.addEventListener('abort', end, { once: true });
    if (stopped.aborted) end();
    const inFlight: Promise<void>[] = [];
    try {
      for await (const message of messages) {
        pauseMs = retryFirstMs;
        // What is still buffered at a stop is not taken: unacknowledged, it comes again.
        if (!stopped.aborted) inFlight.push(take(message));
      }
    } finally {
      stopped.removeEventListener('abort', end);
      await Promise.all(inFlight);
    }
  };

  const loop = async (): Promise<void> => {
    let source: Consumer | null = null;
    while (!stopped.aborted) {
      try {
        source ??= await js.consumers.get(stream, consumer);
        await batch(source);
      } catch (error) {
        source = null;
        if (stopped.aborted) return;
        log('warn', 'reading is interrupted', { stream, consumer, reason: textOf(error) });
        await clock.sleep(pauseMs, stopped);
        pauseMs = Math.min(2 * pauseMs, retryMaxMs);
      }
    }
  };

  const running = loop();
  return async () => {
    stopping.abort();
    await running;
  };
};
