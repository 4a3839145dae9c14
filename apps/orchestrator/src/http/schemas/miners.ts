import { z } from 'zod';
import { drainReasonLengthMax } from '#domain';
import { instant, minerId, natsPublicKey, sha256Hex } from '#events';
import { minerStatus } from '../views/miner.view.ts';
import { yesOrNo } from './door.ts';
import { listQuery } from './lists.ts';
import { listAt } from './moments.ts';

export const minerPath = z.strictObject({ minerId });
export const newMiner = z.strictObject({
  minerId,
  name: z.string().min(1).max(200),
  joinTokenSha256: sha256Hex,
  expiresAt: instant,
});
export const enrolment = z.strictObject({ natsPublicKey });
export const drain = z.strictObject({
  reason: z
    .string()
    .min(1)
    .max(drainReasonLengthMax)
    .default('maintenance')
    .describe('For whoever wonders why it gets no work'),
  deadlineAt: instant
    .nullable()
    .default(null)
    .describe('By when it should be empty; shown, and nothing is ended by it'),
});

/** Query of the list of miners. */
export const minerList = z.strictObject({
  ...listQuery,
  ...listAt,
  status: minerStatus.optional(),
  eligible: yesOrNo.describe('Only those that VMs may be placed on, or only the others'),
  name: z.string().min(1).max(200).optional().describe('Only those of exactly this name'),
});
