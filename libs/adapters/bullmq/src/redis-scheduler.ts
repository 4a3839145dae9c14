import type { Scheduler, TimerFired, TimerSource } from '#events';
import { lockMs, overdueMs, retryFirstMs, sweepMs } from './limits.ts';
import { openRedis, type RedisLinkOptions } from './redis-link.ts';
import { type ServedKind, serveKind, type Timings } from './serve-kind.ts';

export type RedisSchedulerOptions = RedisLinkOptions & {
  /** Keeps two networks on one Redis apart. */
  readonly network: string;
  /** Told of every call, `error` being `null` when it went well. */
  readonly fired: (fired: TimerFired) => void;
  readonly timings?: Partial<Timings>;
};

/**
 * Timers in Redis, shared by every process that serves their kind: each call goes to one of them, and to another when that
 * one dies. A Redis that is emptied, restarted or away loses no timer: all are derived from events and put again, and
 * what falls due meanwhile is called in the processes themselves (then maybe in several of them).
 * Refuses at the start by name (RedisUnavailable): not there, wrong password, too old, evicting keys.
 */
export const openRedisScheduler = async (options: RedisSchedulerOptions): Promise<Scheduler> => {
  const redis = await openRedis(options);
  const timings: Timings = { sweepMs, overdueMs, lockMs, retryFirstMs, ...options.timings };
  // Braces keep all keys on one node of a Redis cluster.
  const prefix = `{hcc-${options.network}}`;
  const served = new Map<string, ServedKind & { readonly source: TimerSource }>();
  return {
    serve: (source) => {
      const { kind } = source;
      if (served.has(kind)) throw new Error(`BUG: timers of kind ${kind} are served already`);
      const running = serveKind(source, { ...options, redis, prefix, timings });
      served.set(kind, { ...running, source });
      const stop = async (): Promise<void> => {
        served.delete(kind);
        await running.timers.stop();
      };
      return { ...running.timers, stop };
    },
    status: () => ({
      backend: 'redis',
      standing: Object.fromEntries([...served].map(([kind, { source }]) => [kind, [...source.derive()].length])),
      unreachable:
        redis.unreachable() ?? [...served.values()].map(({ trouble }) => trouble()).find((why) => why !== null) ?? null,
    }),
    stop: async () => {
      await Promise.all([...served.values()].map(({ timers }) => timers.stop()));
      served.clear();
      await redis.close();
    },
  };
};
