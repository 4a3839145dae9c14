import { describe, expect, onTestFinished, test } from 'vitest';
import { openRedisScheduler } from '#adapters/bullmq';
import { createSystemClock } from '#adapters/system';
import { minuteMs } from '#domain';
import { contentDigest } from '#events';
import { until } from '../../../../test/conformance/until.ts';
import { boot, furnished, newId, typesOf } from '../../../../test/orchestrator/booted.ts';
import { manifest } from '../../../../test/orchestrator/told.ts';
import { openRedisWorld, redisBinary } from '../../../../test/redis/redis-world.ts';

const binary = await redisBinary();

/** An orchestrator whose timers are on a real Redis, with a clock that jumps when told to, and one VM that waits. */
const waiting = async () => {
  const redis = await openRedisWorld(binary ?? '');
  onTestFinished(redis.close);
  const system = createSystemClock();
  let aheadMs = 0;
  const clock = { ...system, now: () => system.now() + aheadMs };
  const openScheduler = () =>
    openRedisScheduler({
      ...{ url: redis.url, password: redis.password, network: 'test', clock },
      log: () => undefined,
      fired: () => undefined,
      timings: { sweepMs: 100, overdueMs: 60 * minuteMs },
    });
  const api = await boot({ ground: { clock, openScheduler } });
  const { accountId } = await furnished(api);
  const digest = contentDigest(manifest);
  await api.must('POST', '/v1/images', { body: { digest, manifest } });
  const vmId = newId();
  await api.must('POST', '/v1/vms', { body: { vmId, accountId, name: 'web', flavorId: 'nano', imageDigest: digest } });
  await until('nobody has room for it', async () => (await typesOf(api.store, vmId)).includes('VmPlacementFailed'));
  const jump = (ms: number): void => {
    aheadMs += ms;
  };
  return { ...api, redis, vmId, jump };
};

type Answer = {
  readonly body: {
    readonly ready: boolean;
    readonly parts: readonly { readonly name: string; readonly ready: boolean; readonly detail: string | null }[];
  };
};
const timersIn = ({ body }: Answer) => body.parts.find(({ name }) => name === 'timers');

describe.skipIf(binary === null)('deadlines on Redis (needs redis-server)', () => {
  test('given a VM that waits / when Redis is killed for good and its deadline passes / then the event is raised once, and readiness says what is wrong', async () => {
    const { call, store, vmId, redis, jump } = await waiting();
    expect(timersIn(await call('GET', '/readyz'))).toEqual({ name: 'timers', ready: true, detail: null });
    await redis.kill();
    await until('readiness says so', async () => timersIn(await call('GET', '/readyz'))?.detail !== null);
    jump(11 * minuteMs);
    await until('the deadline is raised', async () => (await typesOf(store, vmId)).includes('VmDeadlinePassed'));
    const { body } = await call('GET', '/readyz');
    expect(timersIn({ body })).toMatchObject({
      ready: true,
      detail: expect.stringMatching(/Redis at 127\.0\.0\.1:\d+: .*called in process/),
    });
    expect((await typesOf(store, vmId)).filter((type) => type === 'VmDeadlinePassed')).toHaveLength(1);
  });

  test('given a VM that waits / when Redis loses everything and its deadline passes / then the event is raised from what was derived again', async () => {
    const { store, vmId, redis, jump } = await waiting();
    jump(10 * minuteMs - 1_500);
    await redis.restart({ loseFiles: true });
    await until('the deadline is raised', async () => (await typesOf(store, vmId)).includes('VmDeadlinePassed'));
    expect((await typesOf(store, vmId)).filter((type) => type === 'VmDeadlinePassed')).toHaveLength(1);
  });
});
