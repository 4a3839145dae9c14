import { canonicalText } from '../canonical.ts';
import type { AdmittedEvent } from '../chain.ts';
import type { NewEvent, StreamName } from '../envelope.ts';
import { appendEventsMax, eventDataBytesMax, eventTextCharsMax } from '../limits.ts';
import { type ExpectedRevision, InvalidAppend } from '../ports/event-store.ts';

const ISO_INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
/** Every event names who did it: an audit with holes in it is none. */
const ACTOR = /^(operator|owner|viewer|miner|process|system):\S/;

/** The door every store shares: the events with their data as canonical text. Throws {@link InvalidAppend}. */
export const admitAppend = (stream: StreamName, events: readonly NewEvent[]): readonly AdmittedEvent[] => {
  if (events.length === 0) {
    throw new InvalidAppend('no-events', `an append to ${stream} has no events; decide something or do not append`);
  }
  if (events.length > appendEventsMax) {
    throw new InvalidAppend(
      'too-many-events',
      `an append to ${stream} has ${events.length} events; ${appendEventsMax} are allowed: split the command`,
    );
  }
  if (events.length > 1 && new Set(events.map(({ eventId }) => eventId)).size < events.length) {
    throw new InvalidAppend('repeated-id', `an append to ${stream} uses an event id twice; derive one per event`);
  }
  return events.map((event) => admitEvent(stream, event));
};

/** The revision the first event of an append gets. Throws {@link InvalidAppend} on a negative one. */
export const firstRevision = (stream: StreamName, expected: ExpectedRevision): bigint => {
  if (expected === 'no-stream') return 0n;
  if (expected >= 0n) return expected + 1n;
  throw new InvalidAppend(
    'bad-revision',
    `${stream} cannot be at ${expected}; a new stream is expected as 'no-stream'`,
  );
};

const admitEvent = (stream: StreamName, event: NewEvent): AdmittedEvent => {
  const { eventId, type, version, recordedAt, actor, correlationId, causationId, traceparent } = event;
  const refuse = (field: string, observed: string, wanted: string): never => {
    throw new InvalidAppend('bad-envelope', `event for ${stream} has ${field} ${observed}; wanted ${wanted}`);
  };
  for (const field of shortTexts) {
    const text = event[field];
    if (!isShortText(text)) refuse(field, JSON.stringify(text).slice(0, 80), `1 to ${eventTextCharsMax} characters`);
  }
  if (!ACTOR.test(actor))
    refuse('actor', JSON.stringify(actor).slice(0, 80), 'a role or part and its id, such as process:relay');
  if (traceparent !== null && !isShortText(traceparent)) refuse('traceparent', 'that is no short text', 'one, or null');
  if (!Number.isSafeInteger(version) || version < 1) refuse('version', String(version), 'a whole number from 1');
  if (!ISO_INSTANT.test(recordedAt)) refuse('recordedAt', JSON.stringify(recordedAt).slice(0, 80), 'ISO 8601 UTC, ms');
  return {
    eventId,
    type,
    version,
    recordedAt,
    actor,
    correlationId,
    causationId,
    traceparent,
    dataText: canonicalData(stream, event),
  };
};

const shortTexts = ['eventId', 'type', 'actor', 'correlationId', 'causationId'] as const;

const isShortText = (text: string): boolean =>
  text.length > 0 && text.length <= eventTextCharsMax && text.isWellFormed();

const canonicalData = (stream: StreamName, { type, eventId, data }: NewEvent): string => {
  const text = canonicalObject(stream, type, eventId, data);
  const bytes = Buffer.byteLength(text);
  if (bytes <= eventDataBytesMax) return text;
  throw new InvalidAppend(
    'too-large',
    `data of ${type} ${eventId} for ${stream} has ${bytes} bytes; ${eventDataBytesMax} are allowed: store the bytes elsewhere and their digest here`,
  );
};

const canonicalObject = (stream: StreamName, type: string, eventId: string, data: NewEvent['data']): string => {
  let detail = 'it is no object';
  try {
    const text = canonicalText(data);
    if (text?.startsWith('{')) return text;
  } catch (error) {
    detail = error instanceof Error ? error.message : String(error);
  }
  throw new InvalidAppend('not-json', `data of ${type} ${eventId} for ${stream} is no JSON object: ${detail}`);
};
