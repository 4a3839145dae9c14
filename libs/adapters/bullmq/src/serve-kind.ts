import type { UnixMs } from '#domain';
import type { Clock, Timer, TimerFired, TimerSource, Timers } from '#events';
import { callsInFlightMax } from './limits.ts';
import { type RedisLink, type RedisLog, sentence } from './redis-link.ts';
import { openSharedTimers } from './shared-timers.ts';
import { retryPauseMs, startTimerWorker } from './timer-worker.ts';

/** How long things take; a test has less patience. */
export type Timings = {
  readonly sweepMs: number;
  readonly overdueMs: number;
  readonly lockMs: number;
  readonly retryFirstMs: number;
};

export type ServeKindOptions = {
  readonly redis: RedisLink;
  readonly clock: Clock;
  readonly log: RedisLog;
  readonly fired: (fired: TimerFired) => void;
  readonly prefix: string;
  readonly timings: Timings;
};

export type ServedKind = { readonly timers: Timers; readonly trouble: () => string | null };

/**
 * Keeps one kind's timers in Redis and takes this process's share of their calls. Whenever Redis may have lost some (its
 * marker is gone, the connection was, a command failed) all are derived and put again; what is overdue is called here.
 */
export const serveKind = (source: TimerSource, options: ServeKindOptions): ServedKind => {
  const { redis, clock, log, fired, prefix, timings } = options;
  const { kind, derive, due } = source;
  const queueName = `timers-${kind}`;
  const pending = new Map<string, UnixMs | null>();
  const called = new Set<string>();
  const failed = new Map<string, { readonly failures: number; readonly notBefore: UnixMs }>();
  let isWhole = false;
  let trouble: string | null = null;
  let isStopped = false;
  let sweeping: Promise<void> | null = null;
  let nap = new AbortController();

  // That Redis is away is said once, by the connection; each attempt to reach it is no news.
  const tell = (message: string, error: unknown): void => {
    if (redis.unreachable() === null) log('warn', message, { kind, reason: sentence(error) });
  };
  const onError = (error: unknown): void => tell('timers: Redis failed', error);
  const call = async (timer: Timer): Promise<void> => {
    called.add(timer.id);
    const lateMs = Math.max(0, clock.now() - timer.dueAt);
    try {
      await due(timer);
      failed.delete(timer.id);
      fired({ kind, lateMs, error: null });
    } catch (error) {
      const failures = (failed.get(timer.id)?.failures ?? 0) + 1;
      failed.set(timer.id, { failures, notBefore: clock.now() + retryPauseMs(timings.retryFirstMs, failures) });
      fired({ kind, lateMs, error });
      throw error;
    } finally {
      called.delete(timer.id);
    }
  };
  const shared = openSharedTimers({ client: redis.client, clock, queueName, prefix, onError });
  const worker = startTimerWorker({ ...options, ...timings, queueName, shared, call, onError });

  const write = async (): Promise<void> => {
    if (isWhole && !(await shared.isLost())) {
      const changes = new Map(pending);
      pending.clear();
      if (changes.size > 0) await shared.apply(changes);
      return;
    }
    pending.clear();
    isWhole = true;
    await shared.putAll([...derive()]);
  };
  const tryWrite = async (): Promise<void> => {
    try {
      await write();
      trouble = null;
    } catch (error) {
      isWhole = false;
      if (trouble === null) tell('Redis takes no timers; they are called here until it does', error);
      trouble = sentence(error);
    }
  };

  /** Everything that Redis should have called by now, and did not. */
  const sweep = async (): Promise<void> => {
    const graceMs = trouble === null ? timings.overdueMs : 0;
    const standing = [...derive()];
    const late = standing.filter(({ id, dueAt }) => {
      const notBefore = Math.max(dueAt + graceMs, failed.get(id)?.notBefore ?? 0);
      return clock.now() >= notBefore && !called.has(id);
    });
    forgetFailures(failed, standing);
    const next = late[Symbol.iterator]();
    const lane = async (): Promise<void> => {
      for (const timer of next) {
        if (isStopped) return;
        // It failed: the next sweep finds it again.
        const isDone = await call(timer).then(
          () => true,
          () => false,
        );
        if (isDone && trouble === null) await shared.forget(timer).catch(onError);
      }
    };
    await Promise.all(Array.from({ length: callsInFlightMax }, lane));
  };
  const loop = async (): Promise<void> => {
    while (!isStopped) {
      nap = new AbortController();
      await tryWrite();
      sweeping ??= sweep().finally(() => {
        sweeping = null;
      });
      await clock.sleep(timings.sweepMs, nap.signal);
    }
  };
  const change = (id: string, dueAt: UnixMs | null): void => {
    if (isStopped) return;
    pending.set(id, dueAt);
    // While Redis is away a change waits for the next sweep, which derives everything.
    if (trouble === null) nap.abort();
  };
  const forgetReturns = redis.onReturn(() => {
    isWhole = false;
    nap.abort();
  });
  const running = loop();
  const stop = async (): Promise<void> => {
    isStopped = true;
    forgetReturns();
    nap.abort();
    await Promise.all([running, sweeping, worker.stop()]);
    await shared.close().catch(onError);
  };
  const timers: Timers = { set: ({ id, dueAt }) => change(id, dueAt), cancel: (id) => change(id, null), stop };
  return { timers, trouble: () => trouble };
};

/** What does not stand any more will not fail again. */
const forgetFailures = (failed: Map<string, unknown>, standing: readonly Timer[]): void => {
  if (failed.size === 0) return;
  const ids = new Set(standing.map(({ id }) => id));
  for (const id of failed.keys()) if (!ids.has(id)) failed.delete(id);
};
