import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSystemClock } from '#adapters/system';
import type { Timer } from '#events';
import { freePort } from '#host';
import { until } from '../../../../test/conformance/until.ts';
import {
  openRedisWorld,
  type RedisWorld,
  type RedisWorldOptions,
  redisBinary,
} from '../../../../test/redis/redis-world.ts';
import { openRedisScheduler, type RedisSchedulerOptions } from './redis-scheduler.ts';

const binary = await redisBinary();
const clock = createSystemClock();

const openWorld = async (options?: RedisWorldOptions): Promise<RedisWorld> => {
  const world = await openRedisWorld(binary ?? '', options);
  onTestFinished(world.close);
  return world;
};

const logged: string[] = [];
const open = async (world: Pick<RedisWorld, 'url' | 'password'>, options: Partial<RedisSchedulerOptions> = {}) => {
  const { url, password } = world;
  const scheduler = await openRedisScheduler({
    ...{ url, password, network: 'test', clock, fired: () => undefined },
    log: (...line) => logged.push(JSON.stringify(line)),
    timings: { sweepMs: 100, retryFirstMs: 50 },
    ...options,
  });
  onTestFinished(scheduler.stop);
  return scheduler;
};

/** What events would tell, and which calls came. Deadlines stand until they are called, as in a fold. */
const deadlines = (count: number, inMs: number) => {
  const dueAt = clock.now() + inMs;
  const standing = new Map(Array.from({ length: count }, (_, n) => [`vm-${n}`, dueAt + n]));
  const calls: Timer[] = [];
  const source = {
    kind: 'deadline',
    derive: () => [...standing].map(([id, at]) => ({ id, dueAt: at })),
    due: async (timer: Timer): Promise<void> => {
      calls.push(timer);
      standing.delete(timer.id);
    },
  };
  return { source, standing, calls, areAllCalled: () => standing.size === 0 };
};

/** Everything this scheduler has in Redis. */
const look = async ({ url, password }: RedisWorld): Promise<Redis> => {
  const client = new Redis(url, { password });
  onTestFinished(() => client.disconnect());
  return client;
};
const wanted = (client: Redis): Promise<number> => client.hlen('{hcc-test}:timers-deadline:wanted');

describe.skipIf(binary === null)('a lost Redis loses no timer (needs redis-server)', () => {
  test('given fifty deadlines in Redis / when everything in it is deleted / then each is called once all the same', async () => {
    const world = await openWorld();
    const client = await look(world);
    const told = deadlines(50, 800);
    (await open(world)).serve(told.source);
    await until('they are in Redis', async () => (await wanted(client)) === 51);
    await client.flushall();
    expect(await wanted(client)).toBe(0);
    await until('they are in Redis again', async () => (await wanted(client)) === 51);
    await until('every deadline is called', told.areAllCalled);
    expect(new Set(told.calls.map(({ id }) => id)).size).toBe(50);
    expect(told.calls).toHaveLength(50);
  });

  test('given deadlines in Redis / when it is killed and starts without its files / then each is called', async () => {
    const world = await openWorld();
    const client = await look(world);
    const told = deadlines(50, 1_500);
    const scheduler = await open(world);
    scheduler.serve(told.source);
    await until('they are in Redis', async () => (await wanted(client)) === 51);
    await world.restart({ loseFiles: true });
    await until('they are in Redis again', async () => (await wanted(client).catch(() => 0)) === 51);
    expect(told.calls).toEqual([]);
    await until('every deadline is called', told.areAllCalled);
    expect(told.calls).toHaveLength(50);
    expect(scheduler.status().unreachable).toBeNull();
  });

  test('given a Redis that is killed and stays away / when deadlines pass / then they are called here and the status says why', async () => {
    const world = await openWorld();
    const told = deadlines(50, 500);
    const scheduler = await open(world);
    const timers = scheduler.serve(told.source);
    await world.kill();
    await until('the loss is seen', () => scheduler.status().unreachable !== null);
    told.standing.set('new', clock.now() + 300);
    timers.set({ id: 'new', dueAt: clock.now() + 300 });
    await until('every deadline is called', told.areAllCalled);
    expect(told.calls).toHaveLength(51);
    expect(scheduler.status().unreachable).toMatch(/Redis at 127\.0\.0\.1:\d+: /);
    await world.restart({ loseFiles: true });
    await until('it is back', () => scheduler.status().unreachable === null);
    const later = { id: 'later', dueAt: clock.now() + 200 };
    told.standing.set(later.id, later.dueAt);
    timers.set(later);
    await until('a new one is called', told.areAllCalled);
  });

  test('given a Redis that hangs / when a deadline passes / then it is called here', async () => {
    const world = await openWorld();
    const told = deadlines(5, 500);
    const scheduler = await open(world);
    scheduler.serve(told.source);
    process.kill(world.pid(), 'SIGSTOP');
    await until('every deadline is called', told.areAllCalled);
    expect(scheduler.status().unreachable).not.toBeNull();
    process.kill(world.pid(), 'SIGCONT');
    await until('it answers again', () => scheduler.status().unreachable === null);
  });

  test('given no Redis and a call that fails / when its deadline has passed / then it comes again after a pause that grows', async () => {
    const world = await openWorld();
    const told = deadlines(1, 300);
    const at: number[] = [];
    const due = async (timer: Timer): Promise<void> => {
      at.push(clock.now());
      if (at.length < 4) throw new Error('the store is away');
      await told.source.due(timer);
    };
    (await open(world, { timings: { sweepMs: 10, retryFirstMs: 100 } })).serve({ ...told.source, due });
    await world.kill();
    await until('it went well', told.areAllCalled);
    const pauses = at.slice(1).map((moment, index) => moment - (at[index] ?? 0));
    for (const [index, wantedMs] of [100, 200, 400].entries()) expect(pauses[index]).toBeGreaterThanOrEqual(wantedMs);
  });

  test('given jobs that vanish behind our back / when they are overdue / then they are called here', async () => {
    const world = await openWorld();
    const client = await look(world);
    const told = deadlines(5, 400);
    (await open(world, { timings: { sweepMs: 50, overdueMs: 300 } })).serve(told.source);
    await until('they are in Redis', async () => (await client.zcard('{hcc-test}:timers-deadline:delayed')) === 5);
    await client.del('{hcc-test}:timers-deadline:delayed');
    await until('every deadline is called', told.areAllCalled);
  });

  test('given a process that is killed in a call / when its lock ends / then another process is called', async () => {
    const world = await openWorld();
    const told = deadlines(1, 0);
    const [timer] = told.source.derive();
    const lockMs = 1_000;
    const child = startChild(world, JSON.stringify({ timer, lockMs }));
    await once(child.stdout ?? child, 'data');
    // The sweep would call it too, in a minute: what calls here is the other process's lock that ended.
    (await open(world, { timings: { lockMs, overdueMs: 60_000 } })).serve(told.source);
    child.kill('SIGKILL');
    await until('the deadline is called', told.areAllCalled);
    expect(told.calls).toEqual([timer]);
  });
});

describe.skipIf(binary === null)('a Redis that cannot keep timers is refused at the start (needs redis-server)', () => {
  const refusal = (world: Pick<RedisWorld, 'url' | 'password'>): Promise<unknown> =>
    openRedisScheduler({
      ...{ url: world.url, password: world.password, network: 'test', clock, fired: () => undefined },
      log: (...line) => logged.push(JSON.stringify(line)),
      waitMs: 600,
    }).then(
      (scheduler) => scheduler.stop(),
      (error: unknown) => error,
    );

  test('given nobody who listens / when it starts / then it says where and what to do', async () => {
    const error = await refusal({ url: `redis://127.0.0.1:${await freePort()}`, password: 'x' });
    expect(error).toMatchObject({
      name: 'RedisUnavailable',
      message: expect.stringMatching(/ECONNREFUSED.*HCC_REDIS_URL/),
    });
  });

  test('given another password / when it starts / then it says which file to mend, and the password is said nowhere', async () => {
    const world = await openWorld();
    const error = await refusal({ url: world.url, password: 'tell-nobody-this' });
    expect(error).toMatchObject({ message: expect.stringMatching(/refuses the password.*HCC_REDIS_PASSWORD_FILE/) });
    expect(inspect(error, { depth: 9 }) + logged.join()).not.toMatch(/tell-nobody-this|swordfish/);
  });

  test('given one that may evict keys / when it starts / then it is refused by name', async () => {
    const world = await openWorld({ config: ['maxmemory-policy allkeys-lru'] });
    expect(await refusal(world)).toMatchObject({ message: expect.stringMatching(/allkeys-lru, wanted noeviction/) });
  });

  test('given one that comes up a moment later / when it starts / then it is waited for', async () => {
    const port = await freePort();
    const opening = open({ url: `redis://127.0.0.1:${port}`, password: 'swordfish-in-a-test' });
    await openWorld({ port });
    expect((await opening).status()).toEqual({ backend: 'redis', standing: {}, unreachable: null });
  });

  test('given one without an append-only file / when it starts / then that is a warning', async () => {
    logged.length = 0;
    await open(await openWorld({ config: ['appendonly no'] }));
    expect(logged.join()).toContain('append-only');
  });
});

const startChild = ({ url, password }: RedisWorld, told: string): ChildProcess => {
  const script = fileURLToPath(new URL('../../../../test/redis/children/timer-child.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=hcc-source', script, url, password, told]);
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  });
  return child;
};
