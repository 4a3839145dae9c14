import { type JobsOptions, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { UnixMs } from '#domain';
import type { Clock, Timer } from '#events';
import { attemptsMax, chunkTimers, watchedEventsMax } from './limits.ts';

/**
 * One kind's timers in Redis. A hash says which times are wanted; a job without a wanted time does nothing, so whatever
 * happens between two commands, a timer that was replaced or cancelled is not called.
 */
export type SharedTimers = {
  /** Makes Redis hold exactly these. */
  putAll(timers: readonly Timer[]): Promise<void>;
  /** New times, or `null` for cancelled. */
  apply(changes: ReadonlyMap<string, UnixMs | null>): Promise<void>;
  /** Whether Redis has forgotten everything: emptied, or started without its file. */
  isLost(): Promise<boolean>;
  isWanted(timer: Timer): Promise<boolean>;
  /** Its call went well. A time set meanwhile stays. */
  forget(timer: Timer): Promise<void>;
  close(): Promise<void>;
};

export type SharedTimersOptions = {
  readonly client: Redis;
  readonly clock: Clock;
  readonly queueName: string;
  readonly prefix: string;
  readonly onError: (error: unknown) => void;
};

const marker = 'here';

export const openSharedTimers = ({ client, clock, queueName, prefix, onError }: SharedTimersOptions): SharedTimers => {
  const wanted = `${prefix}:${queueName}:wanted`;
  const queue = new Queue<Timer>(queueName, {
    connection: client,
    prefix,
    skipWaitingForReady: true,
    streams: { events: { maxLen: watchedEventsMax } },
  });
  queue.on('error', onError);

  const addJobs = async (timers: readonly Timer[]): Promise<void> => {
    const now = clock.now();
    const jobs = timers.map((timer) => ({ name: queueName, data: timer, opts: jobOptions(timer, now) }));
    if (jobs.length > 0) await queue.addBulk(jobs);
  };
  const want = async (timers: readonly Timer[]): Promise<void> => {
    const pairs = timers.flatMap(({ id, dueAt }) => [fieldOf(id), String(dueAt)]);
    await client.hset(wanted, marker, '1', ...pairs);
  };
  const removeJobs = async (timers: readonly Timer[]): Promise<void> => {
    // One that runs right now cannot be removed; it finds that it is not wanted any more, or has been called in time.
    await Promise.all(timers.map((timer) => queue.remove(jobIdOf(timer))));
  };

  const putAll = async (timers: readonly Timer[]): Promise<void> => {
    const held = await client.hkeys(wanted);
    const fields = new Set([marker, ...timers.map(({ id }) => fieldOf(id))]);
    const gone = held.filter((field) => !fields.has(field));
    for (const some of chunks(gone)) await client.hdel(wanted, ...some);
    if (timers.length === 0) await want([]);
    for (const some of chunks(timers)) {
      await want(some);
      await addJobs(some);
    }
  };

  const applySome = async (changes: readonly (readonly [string, UnixMs | null])[]): Promise<void> => {
    const before = await client.hmget(wanted, ...changes.map(([id]) => fieldOf(id)));
    const outdated = changes.flatMap(([id, dueAt], index) => {
      const old = before[index] ?? null;
      return old === null || Number(old) === dueAt ? [] : [{ id, dueAt: Number(old) }];
    });
    const set = changes.flatMap(([id, dueAt]) => (dueAt === null ? [] : [{ id, dueAt }]));
    const cancelled = changes.flatMap(([id, dueAt]) => (dueAt === null ? [fieldOf(id)] : []));
    if (cancelled.length > 0) await client.hdel(wanted, ...cancelled);
    if (set.length > 0) await want(set);
    await addJobs(set);
    await removeJobs(outdated);
  };

  return {
    putAll,
    apply: async (changes) => {
      for (const some of chunks([...changes])) await applySome(some);
    },
    isLost: async () => (await client.hget(wanted, marker)) === null,
    isWanted: async ({ id, dueAt }) => (await client.hget(wanted, fieldOf(id))) === String(dueAt),
    forget: async ({ id, dueAt }) => {
      await client.eval(forgetScript, 1, wanted, fieldOf(id), String(dueAt));
    },
    close: () => queue.close(),
  };
};

const forgetScript =
  "if redis.call('hget', KEYS[1], ARGV[1]) == ARGV[2] then return redis.call('hdel', KEYS[1], ARGV[1]) end";

const fieldOf = (id: string): string => `timer ${id}`;

/** A job's id holds its time, so that a timer may be set again while its own call runs. BullMQ takes no colon in it. */
const jobIdOf = ({ id, dueAt }: Timer): string => `t${encodeURIComponent(id)}@${dueAt}`;

const jobOptions = (timer: Timer, now: UnixMs): JobsOptions => ({
  jobId: jobIdOf(timer),
  delay: Math.max(0, timer.dueAt - now),
  attempts: attemptsMax,
  backoff: { type: 'custom' },
  removeOnComplete: true,
  removeOnFail: true,
});

const chunks = <T>(all: readonly T[]): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / chunkTimers) }, (_, n) =>
    all.slice(n * chunkTimers, (n + 1) * chunkTimers),
  );
