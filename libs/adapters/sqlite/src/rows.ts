import type {
  Actor,
  AdmittedEvent,
  BareEvent,
  EventId,
  JsonObject,
  Position,
  RecordedEvent,
  StreamName,
} from '#events';
import { storeFault } from './faults.ts';

/** A row of `events`, as {@link eventColumns} selects it. */
export type EventRow = {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly eventId: string;
  readonly type: string;
  readonly version: number;
  readonly data: string;
  readonly recordedAt: string;
  readonly actor: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly traceparent: string | null;
  readonly prevHash: string;
  readonly hash: string;
};

export const eventColumns = `position, stream, revision, event_id AS eventId, type, version, data,
  recorded_at AS recordedAt, actor, correlation_id AS correlationId, causation_id AS causationId, traceparent,
  prev_hash AS prevHash, hash`;

/** What there is of a row in a bare event. */
export type BareRow = Omit<EventRow, 'correlationId' | 'causationId' | 'traceparent' | 'prevHash' | 'hash'>;

export const bareColumns =
  'position, stream, revision, event_id AS eventId, type, version, data, recorded_at AS recordedAt, actor';

/** A row as the port gives it out. Throws StoreUnavailable (`corrupt`) when its data is no JSON any more. */
export const toRecorded = (file: string, row: EventRow, position: Position): RecordedEvent => ({
  eventId: row.eventId as EventId,
  type: row.type,
  version: row.version,
  data: parseData(file, row),
  recordedAt: row.recordedAt,
  actor: row.actor as Actor,
  correlationId: row.correlationId,
  causationId: row.causationId,
  traceparent: row.traceparent,
  stream: row.stream as StreamName,
  revision: BigInt(row.revision),
  position,
  prevHash: row.prevHash,
  hash: row.hash,
});

/** The same of a row that was not read whole, in its place: nobody else has it, and a long history makes garbage enough. */
export const toBare = (file: string, row: BareRow, position: Position): BareEvent => {
  const event = row as unknown as { -readonly [Field in keyof BareEvent]: BareEvent[Field] };
  event.data = parseData(file, row);
  event.revision = BigInt(row.revision);
  event.position = position;
  return event;
};

/** A row as it was admitted, with its data as the text that was hashed. */
export const toAdmitted = (row: EventRow): AdmittedEvent => ({
  eventId: row.eventId as EventId,
  type: row.type,
  version: row.version,
  dataText: row.data,
  recordedAt: row.recordedAt,
  actor: row.actor as Actor,
  correlationId: row.correlationId,
  causationId: row.causationId,
  traceparent: row.traceparent,
});

export const streamOf = (row: EventRow): StreamName => row.stream as StreamName;

const parseData = (file: string, { data, stream, revision, eventId }: BareRow): JsonObject => {
  try {
    return JSON.parse(data);
  } catch (error) {
    const where = `event ${eventId} (${stream} at ${revision})`;
    throw storeFault(file, 'corrupt', `data of ${where} is no JSON any more`, error);
  }
};
