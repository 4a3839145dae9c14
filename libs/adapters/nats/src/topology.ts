import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  ReplayPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { jetstreamStreams, reportBytesMax, subjects } from '#events';
import { ackPendingMax, ackWaitMs, duplicateWindowMs, eventsBytesMax, heartbeatMs, messageBytesMax } from './limits.ts';

/** A stream with every setting that we rely on; what is not here is the server's to choose. */
export type StreamSettings = Pick<StreamConfig, 'name' | 'subjects'> & Partial<StreamConfig>;
export type ConsumerSettings = Partial<ConsumerConfig> & { readonly durable_name: string };

const unlimited = -1;

/** Every stream there is. `replicas` is 1 on one machine and 3 in a cluster. */
export const streams = (replicas: number): readonly StreamSettings[] => [
  {
    name: jetstreamStreams.events,
    description: 'Copies of stored events for consumers outside; the event store is the record',
    subjects: [subjects.allEvents],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_msgs: unlimited,
    max_msgs_per_subject: unlimited,
    max_bytes: eventsBytesMax,
    max_msg_size: messageBytesMax,
    max_age: 0,
    duplicate_window: nanos(duplicateWindowMs),
    num_replicas: replicas,
  },
  {
    name: jetstreamStreams.work,
    description: 'The whole desired spec of each VM, last one per subject',
    subjects: [subjects.allWork],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_msgs: unlimited,
    max_msgs_per_subject: 1,
    max_bytes: unlimited,
    max_msg_size: messageBytesMax,
    max_age: 0,
    allow_direct: true,
    num_replicas: replicas,
  },
  {
    name: jetstreamStreams.reports,
    description: "Each miner's last observation of each VM, and of its host",
    subjects: [subjects.allReports, subjects.allHosts],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_msgs: unlimited,
    max_msgs_per_subject: 1,
    max_bytes: unlimited,
    // The server counts headers too.
    max_msg_size: reportBytesMax + 4 * 1024,
    max_age: 0,
    num_replicas: replicas,
  },
];

/** What the orchestrator reads reports through: pulled, so that it takes only what it can handle. */
export const reportConsumers = {
  reports: 'orchestrator_reports',
  hosts: 'orchestrator_hosts',
} as const;

const reportConsumer = (durable_name: string, filter_subject: string): ConsumerSettings => ({
  durable_name,
  filter_subject,
  ack_policy: AckPolicy.Explicit,
  deliver_policy: DeliverPolicy.All,
  replay_policy: ReplayPolicy.Instant,
  ack_wait: nanos(ackWaitMs),
  max_deliver: unlimited,
  max_ack_pending: ackPendingMax,
});

/** The orchestrator's durable consumers on REPORTS. */
export const orchestratorConsumers: readonly ConsumerSettings[] = [
  reportConsumer(reportConsumers.reports, subjects.allReports),
  reportConsumer(reportConsumers.hosts, subjects.allHosts),
];

export const minerConsumerName = (minerId: string): string => `miner_${minerId}`;

/**
 * One miner's consumer on WORK. The server pushes to the miner's own subject, so a miner needs no right on any JetStream
 * API (ADR-0011); made anew, it delivers the last spec of every VM again.
 */
export const minerConsumer = (minerId: string): ConsumerSettings => ({
  durable_name: minerConsumerName(minerId),
  filter_subject: subjects.workOf(minerId),
  deliver_subject: subjects.spec(minerId),
  ack_policy: AckPolicy.Explicit,
  deliver_policy: DeliverPolicy.LastPerSubject,
  replay_policy: ReplayPolicy.Instant,
  ack_wait: nanos(ackWaitMs),
  max_deliver: unlimited,
  max_ack_pending: ackPendingMax,
  idle_heartbeat: nanos(heartbeatMs),
});

/** A miner's consumer made anew. */
export const remakeMinerConsumer = async (jsm: JetStreamManager, minerId: string): Promise<void> => {
  const settings = minerConsumer(minerId);
  await jsm.consumers.delete(jetstreamStreams.work, settings.durable_name).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
  await jsm.consumers.add(jetstreamStreams.work, settings);
};

/** True for "no such stream", "no such consumer" and "no such message". */
export const isNotFound = (error: unknown): boolean => error instanceof JetStreamApiError && error.status === 404;
