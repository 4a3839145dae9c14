import { createCodec } from './codec.ts';
import type { NewEvent, RecordedEvent } from './envelope.ts';
import type { CommandMeta, Handling, Outcome } from './handle.ts';
import { eventIdOf } from './identity.ts';
import { conflictRetriesMax, readPageEventsMax } from './limits.ts';
import { streamName } from './names.ts';
import {
  absorbParked,
  decideParked,
  emptyIndex,
  type ParkedCommand,
  type ParkedEvent,
  type ParkingIndex,
  type Skipped,
} from './parking.ts';
import { type Appended, ConcurrencyConflict } from './ports/event-store.ts';
import { parkedEvents } from './schemas/parked.ts';
import { isoTime } from './schemas/values.ts';

export const parkedCodec = createCodec<ParkedEvent>(parkedEvents);

/**
 * One `parked-<consumer>` stream, kept as its index: read by pages and never folded whole again, so that a burst costs
 * one append per event, and the stream may grow longer than others.
 */
export type Parking = {
  readonly index: ParkingIndex;
  /** Empties the index: the next refresh reads the stream from its beginning. */
  forget(): void;
  /** Reads what was recorded since the last time, each event shown before it is folded in. */
  refresh(seen?: (event: ParkedEvent, recorded: RecordedEvent) => void): Promise<void>;
  /** Decides and appends. Throws Refusal, ConcurrencyConflict after a few lost races, StoreUnavailable. */
  give(command: ParkedCommand, meta: CommandMeta): Promise<Outcome>;
};

export const createParking = (consumer: string, { store, clock }: Handling): Parking => {
  const stream = streamName('parked', consumer);
  const index = emptyIndex();
  let last: Appended | null = null;

  const refresh: Parking['refresh'] = async (seen) => {
    for (;;) {
      const page = await store.readStream(stream, { from: index.next, limit: readPageEventsMax });
      for (const recorded of page) {
        const event = parkedCodec.decode(recorded);
        seen?.(event, recorded);
        absorbParked(index, event);
        last = { revision: recorded.revision, position: recorded.position };
      }
      if (page.length < readPageEventsMax) return;
    }
  };

  return {
    index,
    forget: () => {
      index.standing.clear();
      index.skipped.clear();
      index.next = 0n;
      last = null;
    },
    refresh,
    give: async (command, meta) => {
      for (let attempt = 1; ; attempt += 1) {
        const decided = decideParked(index, command);
        if (decided.length === 0) return { stream, appended: last, events: [] };
        const recordedAt = isoTime(clock.now());
        const events = decided.map(
          (event, at): NewEvent => toNewEvent(event, eventIdOf(meta.commandId, at), recordedAt, meta),
        );
        try {
          const appended = await store.append(stream, events, index.next === 0n ? 'no-stream' : index.next - 1n);
          for (const event of decided) absorbParked(index, event);
          last = appended;
          return { stream, appended, events: decided.map(({ type }) => type) };
        } catch (error) {
          if (!(error instanceof ConcurrencyConflict) || attempt > conflictRetriesMax) throw error;
          await refresh();
        }
      }
    },
  };
};

const toNewEvent = (
  event: ParkedEvent,
  eventId: NewEvent['eventId'],
  recordedAt: string,
  meta: CommandMeta,
): NewEvent => {
  const { actor, correlationId, causationId, traceparent } = meta;
  return { eventId, ...parkedCodec.encode(event), recordedAt, actor, correlationId, causationId, traceparent };
};

/** Gives a person's command to `parked-<consumer>`; the consumer sees what it decided in the log that it reads. */
export const handleParked = async (
  handling: Handling,
  consumer: string,
  command: ParkedCommand,
  meta: CommandMeta,
): Promise<Outcome> => {
  const parking = createParking(consumer, handling);
  await parking.refresh();
  return parking.give(command, meta);
};

/** The events a consumer is to go past, by their ids, for whoever rebuilds what it keeps. */
export const skippedEvents = async (handling: Handling, consumer: string): Promise<ReadonlyMap<string, Skipped>> => {
  const parking = createParking(consumer, handling);
  await parking.refresh();
  return parking.index.skipped;
};
