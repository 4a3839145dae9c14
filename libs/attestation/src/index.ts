export type {
  ImaBank,
  ImaClaims,
  ImaEntryVerdict,
  ImaExtension,
  ImaFinding,
  ImaFindings,
  ImaForm,
  ImaLoadedKey,
  ImaProgress,
  ImaReason,
  ImaReplay,
  ImaSignature,
  ImaTemplate,
} from './ima/claims.ts';
export { type ImaRefusalCode, imaRefusals } from './ima/refusals.ts';
export { Malformed, type MalformedCode } from './malformed.ts';
export type { SnpClaims, SnpFirmware, SnpGuestPolicy, SnpPlatformInfo, SnpProduct, SnpTcb } from './snp/claims.ts';
export type { PcrSelection, PcrValue, TpmClaims, TpmHash, TpmKeyClaims, TpmProgress } from './tpm/claims.ts';
export {
  type HostBootSpec,
  hostBootSpecText,
  hostDataOf,
  hostEvidenceBinding,
  lengthPrefixed,
  type ReportPurpose,
  reportDataOf,
  tpmQualifyingData,
} from './transcript.ts';
export type { Check, EvidenceRefusal, RefusalWords, Verified } from './verdict.ts';
