import { z } from 'zod';
import { type Actor, type EventId, type JsonObject, type NewEvent, parseStreamName, type StreamName } from '#events';

/** An event as `GET /v1/events` shows it: the whole envelope. */
export const loggedEvent = z.looseObject({
  eventId: z.string(),
  type: z.string(),
  version: z.int(),
  stream: z.string(),
  revision: z.string().regex(/^\d{1,19}$/),
  position: z.string(),
  recordedAt: z.iso.datetime({ precision: 3 }),
  actor: z.string(),
  correlationId: z.string(),
  causationId: z.string(),
  traceparent: z.string().nullable(),
  data: z.record(z.string(), z.json()),
  prevHash: z.string(),
  hash: z.string(),
});
export type LoggedEvent = z.infer<typeof loggedEvent>;

/** One row of an export. `seq` counts the rows of the export from 1; the names and their order are a stable format. */
export type ExportRow = {
  readonly seq: number;
  readonly position: string;
  readonly stream: string;
  readonly category: string;
  readonly revision: string;
  readonly event_id: string;
  readonly type: string;
  readonly version: number;
  /** ISO 8601 UTC with milliseconds. */
  readonly recorded_at: string;
  readonly actor: string;
  readonly correlation_id: string;
  readonly causation_id: string;
  readonly traceparent: string | null;
  /** The event's data, as JSON text. */
  readonly data: string;
  readonly prev_hash: string;
  readonly hash: string;
};

/** Every column in order, with its type in Parquet and SQL. */
export const columns = [
  ['seq', 'BIGINT'],
  ['position', 'VARCHAR'],
  ['stream', 'VARCHAR'],
  ['category', 'VARCHAR'],
  ['revision', 'BIGINT'],
  ['event_id', 'VARCHAR'],
  ['type', 'VARCHAR'],
  ['version', 'INTEGER'],
  ['recorded_at', 'TIMESTAMP'],
  ['actor', 'VARCHAR'],
  ['correlation_id', 'VARCHAR'],
  ['causation_id', 'VARCHAR'],
  ['traceparent', 'VARCHAR'],
  ['data', 'JSON'],
  ['prev_hash', 'VARCHAR'],
  ['hash', 'VARCHAR'],
] as const satisfies readonly (readonly [keyof ExportRow, string])[];

export const columnNames = columns.map(([name]) => name);

/** The row of an event that is the `seq`th of its export. */
export const rowOf = (event: LoggedEvent, seq: number): ExportRow => ({
  seq,
  position: event.position,
  stream: event.stream,
  category: event.stream.slice(0, event.stream.indexOf('-')),
  revision: event.revision,
  event_id: event.eventId,
  type: event.type,
  version: event.version,
  recorded_at: event.recordedAt,
  actor: event.actor,
  correlation_id: event.correlationId,
  causation_id: event.causationId,
  traceparent: event.traceparent,
  data: JSON.stringify(event.data),
  prev_hash: event.prevHash,
  hash: event.hash,
});

const json = z.string().transform((text, context): JsonObject => {
  try {
    return z.record(z.string(), z.json()).parse(JSON.parse(text)) as JsonObject;
  } catch {
    context.addIssue({ code: 'custom', message: 'expected a JSON object' });
    return z.NEVER;
  }
});
const readRow = z.object({
  stream: z.string(),
  revision: z.string().regex(/^\d{1,19}$/),
  event_id: z.string(),
  type: z.string(),
  version: z.coerce.number().int(),
  recorded_at: z.string(),
  actor: z.string(),
  correlation_id: z.string(),
  causation_id: z.string(),
  traceparent: z.string().nullable(),
  data: json,
  prev_hash: z.string(),
});

export type ReadEvent = {
  readonly event: NewEvent;
  readonly stream: StreamName;
  readonly revision: bigint;
  readonly prevHash: string;
};

/** The event of a row that was read back, every column as text; `null` when it is none. */
export const eventOf = (row: Readonly<Record<string, string | null>>): ReadEvent | null => {
  const parsed = readRow.safeParse(row);
  const stream = parseStreamName(row.stream ?? '');
  if (!parsed.success || stream === null) return null;
  const { event_id, type, version, data, recorded_at, actor, correlation_id, causation_id, traceparent } = parsed.data;
  return {
    stream,
    revision: BigInt(parsed.data.revision),
    prevHash: parsed.data.prev_hash,
    event: {
      ...{ type, version, data, traceparent },
      eventId: event_id as EventId,
      recordedAt: recorded_at,
      actor: actor as Actor,
      correlationId: correlation_id,
      causationId: causation_id,
    },
  };
};

/** An answered event as the store hashed it. Throws a bug for a stream name that no build knows. */
export const parseEvent = (logged: LoggedEvent): ReadEvent => {
  const read = eventOf(
    Object.fromEntries(
      Object.entries(rowOf(logged, 0)).map(([name, value]) => [name, value === null ? null : String(value)]),
    ),
  );
  if (read === null) throw new Error(`BUG: event ${logged.eventId} in ${logged.stream} is answered, but is no event`);
  return read;
};
