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
export { isVcpuType, packSignature, type VcpuType, vcpuSignature, vcpuTypes } from './measure/cpu.ts';
export { type FirmwareLayout, type FirmwareSection, parseFirmware, type SectionKind } from './measure/firmware.ts';
export {
  FirmwareMemory,
  firmwareLaunchDigest,
  type MeasuredFirmware,
  measureFirmware,
} from './measure/firmware-digest.ts';
export {
  type IdAuth,
  type IdBlock,
  type IdBlockClaims,
  idAuthBytes,
  idBlockBytes,
  parseIdAuth,
  parseIdBlock,
  verifyIdBlock,
} from './measure/id-block.ts';
export type { LaunchInputs } from './measure/inputs.ts';
export { type HashedFile, type KernelHashes, kernelHashes } from './measure/kernel-hashes.ts';
export {
  explainLaunchDigest,
  type LaunchExplanation,
  type LaunchStep,
  predictLaunchDigest,
} from './measure/predict.ts';
export { LaunchRefused, type MeasureRefusalCode, measureRefusals } from './measure/refusals.ts';
export { type Vmm, vmms } from './measure/vmsa.ts';
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
