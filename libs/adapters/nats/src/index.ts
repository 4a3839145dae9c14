export { connectVerifierBus, type VerifierBusOptions } from './attestation.ts';
export {
  type Drift,
  driftOf,
  type EnsureTopologyOptions,
  ensureTopology,
  requireServerVersion,
} from './ensure-topology.ts';
export { NatsError, type NatsErrorCode, type NatsErrorFacts } from './errors.ts';
export { connectMinerBus, type MinerBusOptions, type NatsMinerBus } from './miner-bus.ts';
export { createNatsOperator, type NatsAccount, type NatsOperator } from './operator.ts';
export { connectOrchestratorBus, type NatsOrchestratorBus, type OrchestratorBusOptions } from './orchestrator-bus.ts';
export { ensureNatsOperator, loadNatsOperator, saveNatsOperator } from './secrets.ts';
export { type Exit, type NatsServer, type StartNatsServerOptions, startNatsServer } from './server.ts';
export { operatorConfig, type ServerConfigOptions, serverConfig, serverFiles } from './server-config.ts';
export type { BusLog, BusStatus, Credentials, OnStatus } from './status.ts';
export {
  type ConsumerSettings,
  minerConsumer,
  orchestratorConsumers,
  type StreamSettings,
  streams,
} from './topology.ts';
export {
  createUserKey,
  issueMinerJwt,
  issueServiceJwt,
  parseUserPublicKey,
  type ServiceRole,
  type UserKey,
  userKeyOf,
} from './user-jwt.ts';
