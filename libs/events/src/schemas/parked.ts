import { z } from 'zod';
import type { ParkedEvent } from '../parking.ts';
import { count, instant, longText, revision, shortText } from './values.ts';
import type { EventSchemas } from './vm.ts';

/** Stored form, version 1, of every event on `parked-<consumer>`. */
export const parkedEvents = {
  EventParked: z.strictObject({
    consumer: shortText,
    eventId: shortText,
    eventType: shortText,
    stream: shortText,
    revision,
    position: shortText,
    reason: longText,
    blocks: z.boolean(),
    attempts: count,
    firstSeenAt: instant,
    lastSeenAt: instant,
  }),
  ParkedEventHandled: z.strictObject({ eventId: shortText }),
  ParkedEventRetryRequested: z.strictObject({ eventId: shortText }),
  ParkedEventsRetryRequested: z.strictObject({ throughRevision: revision, count }),
  ParkedEventRetryFailed: z.strictObject({
    eventId: shortText,
    reason: longText,
    attempts: count,
    lastSeenAt: instant,
  }),
  ParkedEventSkipped: z.strictObject({ eventId: shortText, reason: longText }),
} satisfies EventSchemas<ParkedEvent>;
