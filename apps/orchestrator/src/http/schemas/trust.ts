import { z } from 'zod';
import { minerId, proposalId, sha256Hex, slashingOutcome } from '#events';
import { appraisalsMax, appraisalsShown } from '../limits.ts';
import { atLeast, numberFrom } from './door.ts';
import { listQuery } from './lists.ts';

const reason = z.string().min(1).max(200);

export const appraisalList = z.strictObject({
  ...atLeast,
  limit: numberFrom(1, appraisalsMax, appraisalsShown),
  after: z
    .string()
    .regex(/^[0-9]{1,15}$/, 'expected the `next` of an earlier answer')
    .optional()
    .describe('The `next` of the page before'),
});

export const devicePath = z.strictObject({ deviceKey: sha256Hex });
export const deviceList = z.strictObject({
  ...listQuery,
  minerId: minerId.optional().describe('Only those that count for this miner'),
});
export const deviceRelease = z.strictObject({ reason });
export const deviceTransfer = z.strictObject({ to: minerId, reason });
export const deviceDispute = z.strictObject({ minerId, reason });
export const deviceSettlement = z.strictObject({ outcome: z.enum(['kept', 'transferred']), reason });

export const slashingPath = z.strictObject({ minerId, proposalId });
export const slashingAppeal = z.strictObject({ reason });
export const slashingDecision = z.strictObject({ outcome: slashingOutcome, reason });
