import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { BusUnavailable, type Clock } from '#events';
import { textOf } from './errors.ts';
import { retryFirstMs, retryMaxMs } from './limits.ts';

export type Patience = {
  readonly clock: Clock;
  readonly budgetMs: number;
  readonly signal: AbortSignal;
  /** What is attempted, for the error: `publish to work.a.b`. */
  readonly what: string;
};

/** Repeats an attempt that failed for a reason that passes by itself, until the budget is spent. Rejects with BusUnavailable. */
export const withPatience = async <Result>(
  { clock, budgetMs, signal, what }: Patience,
  attempt: () => Promise<Result>,
): Promise<Result> => {
  const until = clock.now() + budgetMs;
  for (let pauseMs = retryFirstMs; ; pauseMs = Math.min(2 * pauseMs, retryMaxMs)) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) throw unavailable(what, 'the bus was closed', error);
      if (!isPassing(error)) throw unavailable(what, textOf(error), error);
      if (clock.now() + pauseMs > until) throw unavailable(what, `${textOf(error)}, for ${budgetMs} ms`, error);
      await clock.sleep(pauseMs, signal);
    }
  }
};

/** The one error callers of a bus see. */
export const unavailable = (what: string, why: string, cause?: unknown): BusUnavailable =>
  cause instanceof BusUnavailable
    ? cause
    : new BusUnavailable(`${what}: ${why}`, cause === undefined ? undefined : { cause });

/** "no suitable peers for placement": what a cluster answers, as the caller's fault, while fewer nodes are there than replicas wanted. */
const noSuitablePeers = 10_005;

/**
 * A server that restarts answers nothing, then "no stream" for a moment, then "temporarily unavailable". A refused
 * subject or a message too large stays so.
 */
const isPassing = (error: unknown): boolean => {
  if (isRefusal(error)) return false;
  if (error instanceof JetStreamApiError) return error.status >= 500 || error.code === noSuitablePeers;
  // The JetStream package gives out no class for what it throws when no stream answers.
  if (error instanceof Error && error.name === 'JetStreamNotEnabled') return true;
  return (
    error instanceof errors.TimeoutError ||
    error instanceof errors.RequestError ||
    error instanceof errors.NoRespondersError ||
    error instanceof errors.ConnectionError
  );
};

const isRefusal = (error: unknown): boolean =>
  error instanceof Error &&
  (error instanceof errors.PermissionViolationError || error.cause instanceof errors.PermissionViolationError);
