import { z } from 'zod';
import { instant, isoTime, type Parked, revision } from '#events';

export const parkedAnswer = z
  .strictObject({
    consumer: z.string(),
    stream: z.string(),
    eventType: z.string(),
    eventId: z.string(),
    revision,
    position: z.string(),
    reason: z.string(),
    attempts: z.int(),
    firstSeenAt: instant,
    lastSeenAt: instant,
  })
  .meta({ id: 'Parked' });

/** An event that a consumer could not handle, with why and how often it tried. */
export const parkedView = (parked: Parked): z.input<typeof parkedAnswer> => ({
  consumer: parked.consumer,
  stream: parked.stream,
  eventType: parked.eventType,
  eventId: parked.eventId,
  revision: parked.revision.toString(),
  position: parked.position,
  reason: parked.reason,
  attempts: parked.attempts,
  firstSeenAt: isoTime(parked.firstSeenAt),
  lastSeenAt: isoTime(parked.lastSeenAt),
});
