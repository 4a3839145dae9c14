export { Malformed, type MalformedCode } from './malformed.ts';
export type { Check, EvidenceRefusal, RefusalWords, Verified } from './verdict.ts';
