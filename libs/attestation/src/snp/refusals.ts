import type { RefusalWords } from '../verdict.ts';
import { policyRefusals } from './policy-refusals.ts';
import { verificationRefusals } from './verification-refusals.ts';

export type SnpRefusalCode = keyof typeof verificationRefusals | keyof typeof policyRefusals;

/** The words of every check of this anchor; a check without words does not compile. */
export const snpRefusals: Readonly<Record<SnpRefusalCode, RefusalWords>> = {
  ...verificationRefusals,
  ...policyRefusals,
};
