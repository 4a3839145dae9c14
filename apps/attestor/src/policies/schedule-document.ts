import { z } from 'zod';
import type { SchedulePolicy } from '#domain';

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

/** Reads the document of policy `attestation-schedule`. Throws, naming each member that is missing, unknown or wrong. */
export const readSchedule = (document: unknown): SchedulePolicy => {
  const read = schedule.safeParse(document);
  if (read.success) return read.data;
  throw new Error(z.prettifyError(read.error));
};
