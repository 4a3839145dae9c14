export { RedisUnavailable } from './redis-link.ts';
export { openRedisScheduler, type RedisSchedulerOptions } from './redis-scheduler.ts';
