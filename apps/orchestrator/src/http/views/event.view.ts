import type { RecordedEvent } from '#events';

/** A stored event as JSON: its whole envelope. */
export const eventView = (event: RecordedEvent) => ({
  eventId: event.eventId,
  type: event.type,
  version: event.version,
  stream: event.stream,
  revision: event.revision.toString(),
  position: event.position,
  recordedAt: event.recordedAt,
  actor: event.actor,
  correlationId: event.correlationId,
  causationId: event.causationId,
  traceparent: event.traceparent,
  data: event.data,
  prevHash: event.prevHash,
  hash: event.hash,
});
