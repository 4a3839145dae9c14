export { createInProcessScheduler } from './in-process-scheduler.ts';
export { createRandomIds } from './random-ids.ts';
export { createSystemClock } from './system-clock.ts';
