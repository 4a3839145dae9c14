export { type Aggregate, aggregates, type DomainEvent } from './aggregates.ts';
export type {
  Activated,
  ActivateRequest,
  Challenge,
  ChipCertificates,
  ChipRequest,
  EnrolChallenge,
  EnrolRequest,
  EvidenceAnswer,
  GuestChallenge,
  ImaPart,
  ImaPartTaken,
} from './attestation-messages.ts';
export { type AdmittedEvent, type ChainFault, eventHash, findChainFault, genesisHash, linkHash } from './chain.ts';
export { type Codec, createCodec, type StoredForm, UnknownEvent, type Upcaster } from './codec.ts';
export { type Consumer, type ConsumerStatus, createBareConsumer, createConsumer } from './consumer.ts';
export { CommandUndeliverable, lastingFault, passes, shownReason } from './consumer-faults.ts';
export type { Actor, EventId, Json, JsonObject, NewEvent, Position, RecordedEvent, StreamName } from './envelope.ts';
export {
  type BootFacts,
  type ConfirmRequest,
  GuestRefused,
  type GuestRequest,
  type GuestRequests,
  type NetworkAnswer,
  type ReleaseRequest,
} from './guest-messages.ts';
export { type CommandMeta, type Handling, handle, type Outcome, readWholeStream } from './handle.ts';
export { createHeadSigner, type LastHead, readHeads } from './heads/heads.ts';
export {
  type LogHead,
  LogHeadInvalid,
  readHead,
  type SignedHead,
} from './heads/log-head.ts';
export { type ClaimedEvent, createLogVerifier, type HeadFault, type LogVerdict } from './heads/verify-log.ts';
export { bootIdOf, commandIdOf, contentDigest, derivedUuid, deviceStreamId, eventIdOf } from './identity.ts';
export { createKeptFold, type KeptFold } from './kept-fold.ts';
export {
  answerBytesMax,
  appendEventsMax,
  atLeastWaitMs,
  attestationBytesMax,
  consoleBytesMax,
  consumerAttemptsMax,
  eventDataBytesMax,
  guestRequestBytesMax,
  imaPartBytesMax,
  imaPartsMax,
  logHeadBytesMax,
  parkedMax,
  parkedTriesMax,
  readPageBytesMax,
  readPageEventsMax,
  reportBytesMax,
  specBytesMax,
} from './limits.ts';
export { type EventMeaning, eventMeanings } from './meanings.ts';
export type { ConsoleCall, ConsoleText, DrainWish, HostReport, VmMetrics, VmReport, VmUsage } from './messages.ts';
export { type Category, categories, categoryOf, idOf, parseStreamName, streamName } from './names.ts';
export {
  mayRetry,
  type Parked,
  type ParkedCommand,
  type ParkedEvent,
  type ParkingIndex,
  type Skipped,
  type Standing,
  skippedByStream,
} from './parking.ts';
export { createParking, handleParked, type Parking, parkedCodec, skippedEvents } from './parking-stream.ts';
export {
  type PolicyName,
  PolicyUnreadable,
  policyNames,
  readReputationPolicy,
  readSchedule,
} from './policy-documents.ts';
export {
  type Admit,
  type AttestationHandlers,
  AttestationRefused,
  type AttestationRequest,
  type AttestationRequests,
  type AttesterBus,
  type VerifierBus,
} from './ports/attestation-bus.ts';
export { type BackupStore, BackupStoreError, type BackupStoreErrorCode, type VmChunks } from './ports/backup-store.ts';
export {
  type AskAnswer,
  type BackupCall,
  type BackupSight,
  BusUnavailable,
  type CallHandlers,
  type Handled,
  type MinerBus,
  type OrchestratorBus,
  type PublishedSpan,
  type Stop,
} from './ports/bus.ts';
export type { Checkpoints } from './ports/checkpoints.ts';
export type { Clock } from './ports/clock.ts';
export {
  type Appended,
  type BareEvent,
  ConcurrencyConflict,
  type EventStore,
  type ExpectedRevision,
  ForeignPosition,
  InvalidAppend,
  type InvalidAppendReason,
  PositionAhead,
  type ReadPage,
  type StoreFault,
  StoreUnavailable,
} from './ports/event-store.ts';
export {
  type EvidenceStore,
  EvidenceUnavailable,
  type JudgedWith,
  type KeptEvidence,
} from './ports/evidence-store.ts';
export type { FoldSnapshot, FoldSnapshots, SnapshotPlace } from './ports/fold-snapshots.ts';
export type { GuestBus, GuestDesk, GuestHandlers } from './ports/guest-bus.ts';
export type { Ids } from './ports/ids.ts';
export {
  holderText,
  imageKeyHolder,
  isKeyHolder,
  type KeyVault,
  sealingKeyHolder,
  VaultError,
  type VaultKey,
  type VaultRotation,
  type VaultStatus,
} from './ports/key-vault.ts';
export type { Leases } from './ports/leases.ts';
export type { Scheduler, SchedulerStatus, Timer, TimerFired, TimerSource, Timers } from './ports/scheduler.ts';
export { createRelay, type Relay, RelayNotPlaced, type RelayOptions, type RelayStatus } from './relay.ts';
export { createReputations, emptyReputations, type Reputations, type ReputationsState } from './reputations.ts';
export { role } from './schemas/account.ts';
export { attesterId, claimGroup, groupTiers, tier } from './schemas/appraisal.ts';
export { attestationMessages } from './schemas/attestation-messages.ts';
export { guestRequests } from './schemas/guest-messages.ts';
export { imageManifest, imageMeasurements } from './schemas/image.ts';
export {
  askAnswer,
  backupAnswer,
  backupCall,
  type CallAnswer,
  consoleAnswer,
  consoleCall,
  desiredSpec,
  drainWish,
  hostReport,
  metricsAnswer,
  metricsCall,
  vmReport,
  vmUsage,
} from './schemas/messages.ts';
export {
  accelerator,
  hostChecks,
  natsPublicKey,
  platform,
  proposalId,
  slashingGround,
  slashingOutcome,
} from './schemas/miner.ts';
export { networkKind } from './schemas/network.ts';
export { policyDocument } from './schemas/policy.ts';
export {
  accountId,
  bootId,
  depositId,
  holdId,
  imageDigest,
  instant,
  isoTime,
  microCredits,
  minerId,
  revision,
  sha256Hex,
  size,
  tokenId,
  vmId,
} from './schemas/values.ts';
export { exitCause, restartPolicy, sshEndpoint, waitingFor } from './schemas/vm.ts';
export { backupId, backupOutcome, keptBackups } from './schemas/vm-backup.ts';
export { consentKind, volumeIntegrity } from './schemas/vm-sealed.ts';
export { andThen, type Past, type Sink } from './sink.ts';
export { admitAppend, firstRevision } from './store/admission.ts';
export { type Bell, createBell, follow } from './store/follow.ts';
export { hasHistory } from './store/history.ts';
export { createInstants } from './store/instants.ts';
export { pageEvents, startRevision } from './store/paging.ts';
export { createPositions, type Positions } from './store/positions.ts';
export { jetstreamStreams, minerIdOf, subjects, vmIdOf } from './subjects.ts';
export { type Decoded, decodeMessage, encodeMessage } from './wire.ts';
