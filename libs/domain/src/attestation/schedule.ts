import type { Tier } from '../appraisal/events.ts';
import { minuteMs, secondMs } from '../values/time.ts';

/** How often an attester shows evidence: the document of policy `attestation-schedule`. */
export type SchedulePolicy = {
  readonly version: 1;
  /** The rhythm of who has shown little yet, and of who is trusted least. */
  readonly newMs: number;
  /** An attester is new for so many affirming appraisals. */
  readonly newAppraisals: number;
  readonly lowMs: number;
  /** The rhythm of who is trusted most lies between these, so that nobody knows the next time. */
  readonly bestMinMs: number;
  readonly bestMaxMs: number;
  /** The first look after a failure; doubles with each until `lowMs`. */
  readonly recheckMs: number;
  /** After the due time: a boot of the host, a slow network. */
  readonly graceMs: number;
};

/** What holds while no other was published. */
export const standardSchedule: SchedulePolicy = {
  version: 1,
  newMs: 2 * minuteMs,
  newAppraisals: 5,
  lowMs: 2 * minuteMs,
  bestMinMs: 10 * minuteMs,
  bestMaxMs: 30 * minuteMs,
  recheckMs: 5 * secondMs,
  graceMs: minuteMs,
};

/** Of the highest score: reputation is in parts of a million. */
export const scoreMax = 1_000_000;

/** What the time to the next evidence depends on. */
export type Rhythm = {
  /** 0 to {@link scoreMax}. */
  readonly score: number;
  readonly tier: Tier;
  /** Affirming appraisals until now, this one included. */
  readonly affirmed: number;
  /** Appraisals since the last affirming one, this one included. */
  readonly failuresInRow: number;
  /** 0 up to 1, from something nobody chooses: the hash of the appraisal's id. */
  readonly spread: number;
};

/**
 * Milliseconds until the next evidence is due. The better the score, the longer; a failure is looked at again at once, and
 * a second one soon, so that a repaired host is not left waiting and a broken one costs little.
 */
export const attestationIntervalMs = (policy: SchedulePolicy, rhythm: Rhythm): number => {
  const { score, tier, affirmed, failuresInRow, spread } = rhythm;
  if (tier !== 'affirming') {
    const doublings = Math.min(Math.max(failuresInRow - 1, 0), 20);
    return Math.min(policy.recheckMs * 2 ** doublings, policy.lowMs);
  }
  if (affirmed < policy.newAppraisals) return policy.newMs;
  const best = policy.bestMinMs + Math.floor((policy.bestMaxMs - policy.bestMinMs) * spread);
  const share = Math.min(Math.max(score, 0), scoreMax);
  return policy.lowMs + Math.floor((Math.max(best - policy.lowMs, 0) * share) / scoreMax);
};
