export { Malformed, type MalformedCode } from './malformed.ts';
export type { SnpClaims, SnpFirmware, SnpGuestPolicy, SnpPlatformInfo, SnpProduct, SnpTcb } from './snp/claims.ts';
export type { PcrSelection, PcrValue, TpmClaims, TpmHash, TpmKeyClaims, TpmProgress } from './tpm/claims.ts';
export type { Check, EvidenceRefusal, RefusalWords, Verified } from './verdict.ts';
