import { isoTime, type Parked } from '#events';

/** An event that a consumer could not handle, with why and how often it tried. */
export const parkedView = (parked: Parked) => ({
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
