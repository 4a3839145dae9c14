import { z } from 'zod';
import { instant, policyDocument, policyNames, sha256Hex } from '#events';

export const policySummary = z
  .strictObject({
    name: z.enum(policyNames),
    version: z.int().describe('1 for the first that was published; 0 is the built-in one'),
    sha256: sha256Hex.describe('Over the RFC 8785 form of the document'),
    reason: z.string(),
    publishedAt: instant.nullable().describe('null for the built-in one'),
  })
  .meta({ id: 'PolicySummary' });

export const policyAnswer = z.strictObject({ ...policySummary.shape, document: policyDocument }).meta({ id: 'Policy' });
