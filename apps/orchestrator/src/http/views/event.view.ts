import { z } from 'zod';
import { instant, type RecordedEvent, revision, sha256Hex } from '#events';

export const eventAnswer = z
  .strictObject({
    eventId: z.string(),
    type: z.string(),
    version: z.int().positive(),
    stream: z.string(),
    revision: revision.describe('Place in its stream, from 0'),
    position: z.string().describe('Place in the whole log; opaque, and compared only by the store'),
    recordedAt: instant,
    actor: z.string().describe('Who did it: role or part, and its id'),
    correlationId: z.string().describe('What ties together all that one request set off'),
    causationId: z.string().describe('The command or event that this follows from'),
    traceparent: z.string().nullable(),
    data: z.looseObject({}).describe('The fields of this type and version; see events.md'),
    prevHash: sha256Hex,
    hash: sha256Hex,
  })
  .meta({ id: 'Event' });

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
