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
} satisfies EventSchemas<ParkedEvent>;
