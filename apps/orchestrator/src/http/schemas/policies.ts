import { z } from 'zod';
import { policyDocument, policyNames } from '#events';
import { atLeast } from './door.ts';

export const policyPath = z.strictObject({ name: z.enum(policyNames) });
export const newPolicy = z.strictObject({
  document: policyDocument.describe(
    'What it must hold depends on its name; a document with a member missing is refused',
  ),
  reason: z.string().min(1).max(200).describe('For whoever wonders later why verdicts changed'),
  follows: z
    .int()
    .min(0)
    .nullable()
    .default(null)
    .describe('The version this one is meant to follow, 0 for the built-in one; null follows whichever is newest'),
});

/** Query of one policy: its newest version, or an older one. */
export const policyQuery = z.strictObject({
  ...atLeast,
  version: z
    .string()
    .regex(/^[0-9]{1,9}$/, 'expected a whole number')
    .transform(Number)
    .optional()
    .meta({ wire: { type: 'integer', minimum: 0, maximum: 999_999_999 } }),
});
