export type { Ground, PassportCheck } from './check.ts';
export {
  canonicalText,
  type Passport,
  type PassportAppraisal,
  type PassportBody,
  passportEvent,
  passportFormat,
  passportSchema,
  passportVersion,
} from './document.ts';
export type { Happening } from './history.ts';
export { passportLimits } from './limits.ts';
export { type PassportFault, readPassport } from './read.ts';
export type { BootReport, PassportReport } from './report.ts';
export { passportFile, signPassport } from './signed.ts';
export { streamsOf } from './told.ts';
export { type PassportTrust, verifyPassport } from './verify.ts';
