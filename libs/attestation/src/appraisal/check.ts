import type { GuestRefusalCode } from '../guest/refusals.ts';
import type { Check } from '../verdict.ts';
import type { AppraisalRefusalCode } from './refusals.ts';

type RefusalCode = AppraisalRefusalCode | GuestRefusalCode;

export const check = (code: RefusalCode, good: boolean, observed: string, wanted: string): Check => ({
  ...{ code, outcome: good ? 'passed' : 'failed', observed, wanted },
});

export const failed = (code: RefusalCode, observed: string, wanted: string): Check =>
  check(code, false, observed, wanted);

export const unchecked = (code: RefusalCode, observed: string, wanted: string): Check => ({
  ...{ code, outcome: 'unchecked', observed, wanted },
});
