import { hourMs } from '../values/time.ts';

/** Losses that a score is opened into, and as many gains: a failure is still shown after the many days that outweigh it. */
export const reasonsMax = 16;

/** Uptime that one appraisal proves at the most: the policy of due times has it happen many times a day. */
export const provenMaxMs = 24 * hourMs;
