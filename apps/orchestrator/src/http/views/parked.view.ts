import { z } from 'zod';
import { instant, isoTime, mayRetry, type ParkingIndex, type RecordedEvent, revision, type Standing } from '#events';
import type { ParkedRow } from '../../projections/parked.projection.ts';
import { eventAnswer, eventView } from './event.view.ts';

const asked = z.strictObject({ at: instant, by: z.string() });

const parkedFields = {
  consumer: z.string(),
  status: z.enum(['parked', 'skipped']),
  stream: z.string(),
  eventType: z.string(),
  eventId: z.string(),
  revision,
  position: z.string(),
  reason: z.string().describe('Why it failed the last time'),
  blocks: z.boolean().describe('Whether the rest of its stream waits for it in that consumer'),
  attempts: z.int(),
  firstSeenAt: instant,
  lastSeenAt: instant,
  retryAsked: asked.nullable().describe('A retry that the consumer has not answered yet'),
  skipped: z.strictObject({ ...asked.shape, reason: z.string() }).nullable(),
};

export const parkedAnswer = z.strictObject(parkedFields).meta({ id: 'Parked' });
export const parkedEventAnswer = z.strictObject({ ...parkedFields, event: eventAnswer }).meta({ id: 'ParkedEvent' });

/** An event that a consumer could not handle, with why and how often it tried. */
export const parkedView = ({ parked, retryAsked, skipped }: ParkedRow): z.input<typeof parkedAnswer> => ({
  consumer: parked.consumer,
  status: skipped === null ? 'parked' : 'skipped',
  stream: parked.stream,
  eventType: parked.eventType,
  eventId: parked.eventId,
  revision: parked.revision.toString(),
  position: parked.position,
  reason: parked.reason,
  blocks: parked.blocks,
  attempts: parked.attempts,
  firstSeenAt: isoTime(parked.firstSeenAt),
  lastSeenAt: isoTime(parked.lastSeenAt),
  retryAsked,
  skipped,
});

export const parkedEventView = (row: ParkedRow, event: RecordedEvent): z.input<typeof parkedEventAnswer> => ({
  ...parkedView(row),
  event: eventView(event),
});

export const parkingAnswer = z
  .strictObject({
    consumer: z.string(),
    parked: z.int(),
    skipped: z.int(),
    retryable: z.int().describe('How many a retry of all would try; the others were tried too often'),
    retryAsked: z.int().describe('How many of them wait for an answer to a retry'),
    firstPosition: z.string().nullable(),
    lastPosition: z.string().nullable(),
    oldestSeenAt: instant.nullable(),
    throughRevision: revision.nullable().describe('Send it with a retry of all: what is parked later is not touched'),
  })
  .meta({ id: 'Parking' });

/** What a retry of all that stands parked in a consumer would try: how many, over what range, how old. */
export const parkingView = (
  consumer: string,
  index: ParkingIndex,
  compare: (a: string, b: string) => number,
): z.input<typeof parkingAnswer> => {
  const all = [...index.standing.values()];
  const [first] = all;
  const least = <Value>(pick: (standing: Standing) => Value, isLess: (a: Value, b: Value) => boolean): Value | null =>
    first === undefined
      ? null
      : all.reduce((best, each) => (isLess(pick(each), best) ? pick(each) : best), pick(first));
  const oldest = least(
    ({ firstSeenAt }) => firstSeenAt,
    (a, b) => a < b,
  );
  return {
    consumer,
    parked: all.length,
    skipped: index.skipped.size,
    retryable: mayRetry(index, index.next).length,
    retryAsked: all.filter(({ retryAsked }) => retryAsked).length,
    firstPosition: least(
      ({ position }) => position,
      (a, b) => compare(a, b) < 0,
    ),
    lastPosition: least(
      ({ position }) => position,
      (a, b) => compare(a, b) > 0,
    ),
    oldestSeenAt: oldest === null ? null : isoTime(oldest),
    throughRevision: index.next === 0n ? null : (index.next - 1n).toString(),
  };
};
