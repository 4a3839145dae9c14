import { DelayedError, type Job, Worker } from 'bullmq';
import type { Clock, Timer } from '#events';
import { callsInFlightMax, closeMs, retryMaxMs } from './limits.ts';
import type { RedisLink } from './redis-link.ts';
import type { SharedTimers } from './shared-timers.ts';

export type TimerWorkerOptions = {
  readonly redis: RedisLink;
  readonly clock: Clock;
  readonly queueName: string;
  readonly prefix: string;
  readonly lockMs: number;
  readonly retryFirstMs: number;
  readonly shared: SharedTimers;
  /** Rejects when the call is to come again. */
  readonly call: (timer: Timer) => Promise<void>;
  readonly onError: (error: unknown) => void;
};

/** Takes this process's share of the calls of one kind. `stop` waits for those that run. */
export const startTimerWorker = (options: TimerWorkerOptions): { readonly stop: () => Promise<void> } => {
  const { redis, clock, queueName, prefix, lockMs, retryFirstMs, shared, call, onError } = options;
  const running = new Set<Promise<void>>();

  const handle = async (job: Job<Timer>, token: string | undefined): Promise<void> => {
    const timer = job.data;
    if (!(await shared.isWanted(timer))) return;
    if (clock.now() < timer.dueAt) {
      // The clock of whoever added it runs ahead of ours.
      await job.moveToDelayed(timer.dueAt, token);
      throw new DelayedError();
    }
    await call(timer);
    await shared.forget(timer);
  };

  const worker = new Worker<Timer>(
    queueName,
    (job, token) => {
      const work = handle(job, token);
      const ended = work.catch(() => undefined).finally(() => running.delete(ended));
      running.add(ended);
      return work;
    },
    {
      connection: redis.patient,
      prefix,
      concurrency: callsInFlightMax,
      lockDuration: lockMs,
      stalledInterval: lockMs / 2,
      // A process that dies in a call is no fault of the timer, however often it happens.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      settings: {
        backoffStrategy: (attempts = 1) => retryPauseMs(retryFirstMs, attempts),
      },
    },
  );
  worker.on('error', onError);

  return {
    stop: async () => {
      const closing = worker.close();
      closing.catch(onError);
      await Promise.all(running);
      // A Redis that is away does not hear our goodbye.
      await Promise.race([closing, clock.sleep(closeMs)]).catch(() => undefined);
      await Promise.race([worker.close(true), clock.sleep(closeMs)]).catch(() => undefined);
    },
  };
};

/** The pause after so many failures in a row of one timer's call. */
export const retryPauseMs = (firstMs: number, failures: number): number =>
  Math.min(firstMs * 2 ** Math.min(failures - 1, 10), retryMaxMs);
