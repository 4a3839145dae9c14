export type { AccountCommand } from './account/commands.ts';
export type { AccountEvent, Role, SshKeyType } from './account/events.ts';
export { account } from './account/index.ts';
export { depositMax, sshKeyLineLengthMax, sshKeysMax, tokensMax } from './account/limits.ts';
export { parseSshPublicKey, type SshPublicKey } from './account/ssh-key.ts';
export type { Account, AccountState, ApiToken, Deposit, Hold, RefusedHold } from './account/state.ts';
export {
  type AppraisalCommand,
  type AppraisalState,
  type AttestationKey,
  type Attester,
  appraisal,
  type LastAppraisal,
  worstTier,
} from './appraisal/appraisal.ts';
export type {
  AppraisalClaims,
  AppraisalEvent,
  AppraisalProgress,
  AppraisalRefusal,
  AttestationKeyEnrolled,
  ClaimGroup,
  EvidenceAppraised,
  GroupTiers,
  ListPoint,
  PolicyUsed,
  Tier,
} from './appraisal/events.ts';
export { appraisalRefusalsMax, loadedKeysMax } from './appraisal/limits.ts';
export {
  attestationIntervalMs,
  type Rhythm,
  type SchedulePolicy,
  scoreMax,
  standardSchedule,
} from './attestation/schedule.ts';
export { type Decider, fold } from './decider.ts';
export {
  type Device,
  type DeviceCommand,
  type DeviceEvent,
  type DeviceKind,
  type DeviceState,
  device,
} from './device/device.ts';
export { Refusal, type RefusalCode, type RefusalData, unreachable } from './errors.ts';
export {
  type Flavor,
  type FlavorCommand,
  type FlavorEvent,
  type FlavorState,
  flavor,
  noFlavor,
  offeredFlavor,
} from './flavor/flavor.ts';
export { retireReasonLengthMax } from './flavor/limits.ts';
export { standardFlavors } from './flavor/standard.ts';
export {
  type ImageCommand,
  type ImageEvent,
  type ImageFile,
  type ImageInputs,
  type ImageManifest,
  type ImageMeasurements,
  type ImageOs,
  type ImageState,
  type ImageVerity,
  image,
  memoryNeeded,
  offeredImage,
  registeredImage,
  unmeasured,
} from './image/image.ts';
export {
  demandImageUse,
  demandOwner,
  type ImageKeyState,
  type PrivacyWanted,
  type PrivateImage,
} from './image/private-image.ts';
export { type AllocationRefusal, placementCandidate } from './miner/allocate.ts';
export type { MinerCommand } from './miner/commands.ts';
export { type Eligibility, eligibilityOf } from './miner/eligibility.ts';
export type { Accelerator, HostCheck, MinerEvent, Platform, SlashingGround } from './miner/events.ts';
export { miner } from './miner/index.ts';
export { capacityMax, drainReasonLengthMax, slashingReasonLengthMax } from './miner/limits.ts';
export type { Slashing } from './miner/slashing.ts';
export type { Allocation, Attachment, Drain, Miner, MinerState } from './miner/state.ts';
export {
  type Network,
  type NetworkCommand,
  type NetworkEvent,
  type NetworkKind,
  type NetworkState,
  network,
} from './network/network.ts';
export { type Explained, explainPlacement } from './placement/explain.ts';
export {
  type NoFit,
  type PlacementCandidate,
  type PlacementDecision,
  type PlacementRequest,
  place,
  type Rejected,
  whyNoFit,
} from './placement/placement.ts';
export {
  type PolicyCommand,
  type PolicyDocument,
  type PolicyEvent,
  type PolicyState,
  policy,
} from './policy/policy.ts';
export { type ReputationLosses, type ReputationPolicy, standardReputation } from './reputation/policy.ts';
export {
  type ReputationCause,
  type ReputationRules,
  reputationAfter,
  scoreAt,
  underNewRules,
} from './reputation/reputation.ts';
export type { Reason, ReasonCode, Reputation } from './reputation/state.ts';
export { weightsOf, weightTotal } from './reputation/weights.ts';
export {
  type AccountId,
  type AttesterId,
  type BootId,
  type Branded,
  type DepositId,
  type HoldId,
  type ImageDigest,
  isSha256Hex,
  isUuid,
  type MinerId,
  type TokenId,
  type VmId,
} from './values/ids.ts';
export {
  addCredits,
  credits,
  formatCredits,
  type MicroCredits,
  microCredits,
  subtractCredits,
  vmCreationMinimum,
} from './values/money.ts';
export { assertHostName, hostNameLengthMax } from './values/names.ts';
export {
  addSize,
  firstShortage,
  formatBytes,
  formatSize,
  gibibyte,
  mebibyte,
  noSize,
  type Size,
  sameSize,
  subtractSize,
} from './values/size.ts';
export { formatInstant, hourMs, minuteMs, secondMs, type UnixMs } from './values/time.ts';
export type { BackupOutcome, VmBackupCommand } from './vm/backup-commands.ts';
export type { BackupCopy, VmBackupEvent } from './vm/backup-events.ts';
export { unopenedRestore } from './vm/backup-evolve.ts';
export type { Backup } from './vm/backup-state.ts';
export type { VmCommand, VmObservation } from './vm/commands.ts';
export { describeVm, type VmDescription } from './vm/describe.ts';
export type { BootCause, ExitCause, Reported, RestartPolicy, SshEndpoint, VmEvent, WaitingFor } from './vm/events.ts';
export { vm } from './vm/index.ts';
export {
  admissionDeadlineMs,
  backupDeadlineMs,
  backupsMax,
  bootDeadlineMs,
  crashRestartsMax,
  crashWindowMs,
  keyDeadlineMs,
  lostDeadlineMs,
  placementDeadlineMs,
  releaseAppraisalAgeMaxMs,
  removalDeadlineMs,
  reservationDeadlineMs,
  stopDeadlineMs,
} from './vm/limits.ts';
export { resizedFlavor } from './vm/resized-flavor.ts';
export { assertWanted } from './vm/sealed-boot.ts';
export type { VmSealedCommand, VolumeWanted } from './vm/sealed-commands.ts';
export type {
  BootSpecification,
  ConsentKind,
  KeySuite,
  UnlockMode,
  VmSealedEvent,
  VolumeIntegrity,
} from './vm/sealed-events.ts';
export { isOlderVolume, needsConsent, type SealedBoot, sayOlder, type Volume } from './vm/sealed-state.ts';
export { type DesiredSpec, desiredSpec, type FormerSpec, formerSpecs, type SealedSpec } from './vm/spec.ts';
export { type SshKeysStatus, sshKeysStatus } from './vm/ssh-keys.ts';
export type { Boot, Desired, Observed, Placement, Resize, Vm, VmState, Waiting } from './vm/state.ts';
export { type WhyNotRunning, whyNotRunning } from './vm/why-not.ts';
