import { z } from 'zod';
import { type ReputationPolicy, type SchedulePolicy, scoreMax } from '#domain';

/** The policies verdicts, boots, scores and due times go by. */
export const policyNames = ['host-attestation', 'guest-boot', 'attestation-schedule', 'reputation'] as const;
export type PolicyName = (typeof policyNames)[number];

const ms = z
  .int()
  .min(1_000)
  .max(7 * 24 * 3_600_000);

const schedule: z.ZodType<SchedulePolicy> = z
  .strictObject({
    version: z.literal(1),
    newMs: ms,
    newAppraisals: z.int().min(0).max(10_000),
    lowMs: ms,
    bestMinMs: ms,
    bestMaxMs: ms,
    recheckMs: ms,
    graceMs: ms,
  })
  .refine(({ bestMinMs, bestMaxMs }) => bestMinMs <= bestMaxMs, 'bestMinMs is at most bestMaxMs');

const score = z.int().min(0).max(scoreMax);

const reputation: z.ZodType<ReputationPolicy> = z
  .strictObject({
    version: z.literal(1),
    neutral: score,
    restored: score,
    uptimePerDay: score,
    uptimeMax: score,
    deliveredPerDay: score,
    losses: z.strictObject({
      warning: score,
      contraindicated: score,
      hardware: score,
      tpm: score,
      ima: score,
      repeated: score,
      overdue: score,
      lost: score,
      shortfall: score,
      slashed: score,
    }),
    decayPerHour: score,
    graceMs: ms,
  })
  .refine(({ neutral, uptimeMax }) => neutral <= uptimeMax, 'neutral is at most uptimeMax');

/** Reads the document of policy `attestation-schedule`. Throws PolicyUnreadable. */
export const readSchedule = (document: unknown): SchedulePolicy => read(schedule, document);

/** Reads the document of policy `reputation`. Throws PolicyUnreadable. */
export const readReputationPolicy = (document: unknown): ReputationPolicy => read(reputation, document);

/** A document that is none of its policy: names each member that is missing, unknown or wrong. */
export class PolicyUnreadable extends Error {
  override readonly name = 'PolicyUnreadable';
}

const read = <Policy>(schema: z.ZodType<Policy>, document: unknown): Policy => {
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data;
  throw new PolicyUnreadable(z.prettifyError(parsed.error));
};
