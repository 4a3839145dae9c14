import { openRedisScheduler } from '#adapters/bullmq';
import { createSystemClock } from '#adapters/system';

// A process that takes the call of a timer and never ends it: the spec kills it in the middle.
const [url = '', password = '', told = '{}'] = process.argv.slice(2);
const { timer, lockMs } = JSON.parse(told);
const clock = createSystemClock();
const scheduler = await openRedisScheduler({
  ...{ url, password, network: 'test', clock },
  log: () => undefined,
  fired: () => undefined,
  timings: { lockMs },
});
scheduler.serve({
  kind: 'deadline',
  derive: () => [timer],
  due: async () => {
    process.stdout.write('taken\n');
    await clock.sleep(3_600_000);
  },
});
