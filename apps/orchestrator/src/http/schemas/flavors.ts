import { z } from 'zod';
import { retireReasonLengthMax } from '#domain';
import { microCredits, size } from '#events';
import { listQuery } from './lists.ts';

/** As wide as a stream name allows; the rules say what a flavour may be called. */
export const flavorId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'expected 1 to 63 of a-z, 0-9 and -');

export const flavorPath = z.strictObject({ flavorId });
export const newFlavor = z.strictObject({ flavorId, size, pricePerHour: microCredits.describe('In micro-credits') });
export const retirement = z.strictObject({
  reason: z.string().min(1).max(retireReasonLengthMax).default('no longer offered'),
});
export const flavorList = z.strictObject({
  ...listQuery,
  retired: z
    .enum(['include', 'exclude'])
    .default('exclude')
    .describe('Whether to list those that are no longer offered'),
});
