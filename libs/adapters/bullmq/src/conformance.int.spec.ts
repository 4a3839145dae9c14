import { describe, test } from 'vitest';
import { createSystemClock } from '#adapters/system';
import type { Scheduler } from '#events';
import { describeScheduler } from '../../../../test/conformance/scheduler.ts';
import { openRedisWorld, redisBinary } from '../../../../test/redis/redis-world.ts';
import { openRedisScheduler } from './redis-scheduler.ts';

const binary = await redisBinary();

if (binary === null) {
  describe('scheduler: Redis', () => {
    test('needs redis-server', (context) => context.skip('redis-server is not installed: run npm test, which gets it'));
  });
} else {
  describeScheduler('Redis', {
    open: async () => {
      const world = await openRedisWorld(binary);
      const opened: Scheduler[] = [];
      const replica = async (): Promise<Scheduler> => {
        const clock = createSystemClock();
        const { url, password } = world;
        const [log, fired] = [() => undefined, () => undefined];
        const timings = { retryFirstMs: 50 };
        const scheduler = await openRedisScheduler({ url, password, network: 'test', clock, log, fired, timings });
        opened.push(scheduler);
        return scheduler;
      };
      const close = async (): Promise<void> => {
        await Promise.all(opened.map((scheduler) => scheduler.stop()));
        await world.close();
      };
      return { scheduler: await replica(), close, replica };
    },
  });
}
