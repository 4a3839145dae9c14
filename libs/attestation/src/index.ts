export type { Appraisal, AppraisalFacts, GroupRefusal } from './appraisal/appraisal.ts';
export type { HostAppraisal } from './appraisal/appraise-host.ts';
export type { DeviceHolder, EnrolledKey, HostContext, ReportTrust } from './appraisal/context.ts';
export {
  type AttestationResult,
  earSchema,
  type GuestTerms,
  guestResultOf,
  privateClaims,
  type ResultTerms,
  resultOf,
} from './appraisal/ear.ts';
export {
  type HostEvidence,
  type HostEvidenceDocument,
  readHostEvidence,
} from './appraisal/evidence.ts';
export { explainRefusal, refusalCodes } from './appraisal/explain.ts';
export {
  type HostJudgement,
  hintsOfHostEvidence,
  judgeHostEvidence,
} from './appraisal/judge.ts';
export { appraisalLimits } from './appraisal/limits.ts';
export {
  type AgentBundle,
  type AppraisalPolicy,
  type CompiledAppraisalPolicy,
  compileAppraisalPolicy,
  PolicyMalformed,
  readAppraisalPolicy,
} from './appraisal/policy.ts';
export { appraisalRefusals } from './appraisal/refusals.ts';
export {
  signResult,
  verifyResult,
} from './appraisal/signed-result.ts';
export { type EvidenceHints, hintsOf } from './appraisal/snp-evidence.ts';
export { evidenceGroups, type GroupTiers, overallTier, type Tier } from './appraisal/tier.ts';
export { type Certificate, readCertificate } from './der/certificate.ts';
export { certificatesOf } from './der/pem.ts';
export { type RevocationList, readRevocationList } from './der/revocation-list.ts';
export {
  type GuestEvidence,
  type GuestEvidenceDocument,
  parseGuestEvidence,
} from './guest/evidence.ts';
export { guestBindingOf } from './guest/identity.ts';
export {
  type ExpectedBoot,
  type GuestContext,
  type GuestJudgement,
  judgeGuestEvidence,
} from './guest/judge.ts';
export { guestLaunchDigests } from './guest/launch.ts';
export {
  bootDigestOf,
  type GuestBootPolicy,
  type GuestBootReference,
  newestGuestBoot,
  readGuestBootPolicy,
} from './guest/policy.ts';
export { guestRefusals } from './guest/refusals.ts';
export {
  type GuestResult,
  verifyGuestResult,
} from './guest/result.ts';
export {
  bootBinding,
  type GuestBase,
  type GuestBootFacts,
  type GuestBootSpec,
  guestBootSpecText,
  guestCommandLine,
  parseGuestBootSpec,
} from './guest-boot.ts';
export { appraiseIma, imaWarningCodes } from './ima/appraise.ts';
export type {
  ImaBank,
  ImaClaims,
  ImaProgress,
  ImaReason,
} from './ima/claims.ts';
export { type CompiledImaPolicy, compileImaPolicy } from './ima/compiled-policy.ts';
export { imaListForm } from './ima/list-form.ts';
export { type ImaPolicy, imaPolicySchema } from './ima/policy.ts';
export { imaProgressSchema, nextImaEntry } from './ima/progress.ts';
export { imaRefusals } from './ima/refusals.ts';
export type { ImaJudgedEntry, ImaQuotedPcr, ImaReplays, ImaVerification } from './ima/verification.ts';
export { createImaVerifier, type ImaVerifier, verifyImaList } from './ima/verifier.ts';
export { Malformed } from './malformed.ts';
export { isVcpuType, packSignature, vcpuSignature, vcpuTypes } from './measure/cpu.ts';
export { type FirmwareLayout, parseFirmware } from './measure/firmware.ts';
export {
  firmwareLaunchDigest,
  measureFirmware,
} from './measure/firmware-digest.ts';
export {
  type IdAuth,
  type IdBlock,
  idAuthBytes,
  idBlockBytes,
  parseIdAuth,
  parseIdBlock,
  verifyIdBlock,
} from './measure/id-block.ts';
export type { LaunchInputs } from './measure/inputs.ts';
export { kernelHashes, kernelHashesPage } from './measure/kernel-hashes.ts';
export { findLaunchDifferences, type LaunchDifference } from './measure/mismatch.ts';
export { LaunchDigest, pageBytes, pageHash } from './measure/page.ts';
export {
  explainLaunchDigest,
  type LaunchExplanation,
  predictLaunchDigest,
} from './measure/predict.ts';
export { LaunchRefused, measureRefusals } from './measure/refusals.ts';
export { resetVector, type Vmm, vmms, vmsaPage } from './measure/vmsa.ts';
export type {
  SimulatedChip,
  SimulatedLaunchInputs,
  SimulatedProcessor,
  SimulatedProduct,
  SimulatedReportTerms,
  SimulatedRevocationTerms,
  SimulatedRoot,
  SimulatedRootKeys,
  SimulatedRootTerms,
  SimulatedTcb,
  SimulatedVcekTerms,
} from './simulated/processor.ts';
export { type CertificateTable, parseCertificateTable } from './snp/certificate-table.ts';
export {
  type CertificateVerdicts,
  createCertificateVerdicts,
  judgeCertificates,
  type SnpEndorsements,
} from './snp/certificate-verdict.ts';
export type { SnpClaims, SnpFirmware, SnpGuestPolicy, SnpPlatformInfo, SnpProduct, SnpTcb } from './snp/claims.ts';
export { unwrapHclReport } from './snp/hcl-report.ts';
export {
  defaultSnpPolicy,
  type SnpPolicy,
  type SnpReferences,
  simulatedSnpPolicy,
  snpPolicySchema,
} from './snp/policy.ts';
export { snpPolicyChecks } from './snp/policy-checks.ts';
export { amdNames, type NamedProduct, productOfReport } from './snp/product.ts';
export { snpRefusals } from './snp/refusals.ts';
export { parseSnpReport, type SnpReport } from './snp/report.ts';
export { amdRoots, type TrustRoots, trustRootOf } from './snp/roots.ts';
export { isReportSignedBy } from './snp/signature.ts';
export { readTcb, sameTcb, sayTcb } from './snp/tcb.ts';
export { readVek, type VekCertificate } from './snp/vek.ts';
export {
  fitsAddress,
  nextVekStep,
  type VekAddress,
  type VekAnswer,
  type VekSource,
  vekAddressOf,
  vekIdentityOf,
} from './snp/vek-source.ts';
export { type SnpEvidence, verifySnp } from './snp/verify.ts';
export { sayWindow } from './snp/window.ts';
export { parseTpmQuote, type TpmQuote } from './tpm/attest.ts';
export { verifyAzureRuntime } from './tpm/azure.ts';
export { readTpmCertificate, type TpmModel } from './tpm/certificate.ts';
export type { PcrSelection, PcrValue, TpmClaims, TpmHash, TpmKeyClaims, TpmProgress } from './tpm/claims.ts';
export { replayEventLog } from './tpm/event-log.ts';
export { readTpmKey, type TpmKey } from './tpm/keys.ts';
export {
  credentialFile,
  credentialFileHeader,
  eccCredentialSeed,
  makeCredential,
  protectCredential,
} from './tpm/make-credential.ts';
export type { RandomBytes } from './tpm/oaep.ts';
export { showSelection, splitPcrValues } from './tpm/pcrs.ts';
export type { TpmAttributes, TpmPublic } from './tpm/public-area.ts';
export { tpmRefusals } from './tpm/refusals.ts';
export { parseTpmSignature, type TpmSignature } from './tpm/signature.ts';
export { verifyTpmCertificate } from './tpm/verify-certificate.ts';
export { verifyAttestationKey } from './tpm/verify-key.ts';
export { type TpmQuoteEvidence, type TpmQuotePolicy, verifyTpmQuote } from './tpm/verify-quote.ts';
export {
  type GuestPurpose,
  hostBootSpecText,
  hostDataOf,
  hostEvidenceBinding,
  keySuites,
  lengthPrefixed,
  type ReportPurpose,
  type ReportTerms,
  reportDataOf,
  reportTranscript,
  tpmQualifyingData,
} from './transcript.ts';
export type { Check, EvidenceRefusal, RefusalWords, Verified } from './verdict.ts';
