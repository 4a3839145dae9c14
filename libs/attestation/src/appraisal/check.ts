import type { Check } from '../verdict.ts';
import type { AppraisalRefusalCode } from './refusals.ts';

export const check = (code: AppraisalRefusalCode, good: boolean, observed: string, wanted: string): Check => ({
  ...{ code, outcome: good ? 'passed' : 'failed', observed, wanted },
});

export const failed = (code: AppraisalRefusalCode, observed: string, wanted: string): Check =>
  check(code, false, observed, wanted);

export const unchecked = (code: AppraisalRefusalCode, observed: string, wanted: string): Check => ({
  ...{ code, outcome: 'unchecked', observed, wanted },
});
