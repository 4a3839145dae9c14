export { type ChainFault, eventHash, findChainFault, genesisHash } from './chain.ts';
export type { Actor, EventId, Json, JsonObject, NewEvent, Position, RecordedEvent, StreamName } from './envelope.ts';
export {
  appendEventsMax,
  atLeastWaitMs,
  conflictRetriesMax,
  consoleBytesMax,
  consumerAttemptsMax,
  consumerRetryMs,
  eventDataBytesMax,
  readPageEventsMax,
  streamEventsMax,
} from './limits.ts';
export type { HostReport, VmReport } from './messages.ts';
export { type Category, categories, categoryOf, idOf, parseStreamName, streamName } from './names.ts';
export {
  type AskAnswer,
  BusUnavailable,
  type Handled,
  type MinerBus,
  type OrchestratorBus,
  type Stop,
} from './ports/bus.ts';
export type { Checkpoints } from './ports/checkpoints.ts';
export type { Clock } from './ports/clock.ts';
export {
  type Appended,
  ConcurrencyConflict,
  type EventStore,
  type ExpectedRevision,
  ForeignPosition,
  type ReadPage,
  type StoreFault,
  StoreUnavailable,
  type Subscription,
} from './ports/event-store.ts';
export type { Ids } from './ports/ids.ts';
export type { Leases } from './ports/leases.ts';
export type { Scheduler } from './ports/scheduler.ts';
export { jetstreamStreams, subjects } from './subjects.ts';
