import type { ConsumerOptions } from './consumer.ts';
import { isNotTheEvents } from './consumer-faults.ts';
import type { Holds } from './consumer-holds.ts';
import type { Position, RecordedEvent, StreamName } from './envelope.ts';
import { readPageEventsMax } from './limits.ts';
import type { Standing } from './parking.ts';
import type { BareEvent } from './ports/event-store.ts';

/** Does again what is held. */
export type CatchUp<Event extends BareEvent> = {
  /** Hands an event to the sink, or takes the sink past it when somebody decided to skip it. */
  hand(event: Event | RecordedEvent): Promise<void> | void;
  /** Tries one held event, and what waits behind it up to a place in the log. Throws only what is no fault of the event. */
  tryAgain(standing: Standing, until: Position): Promise<void>;
};

export const createCatchUp = <Event extends BareEvent>(
  { name, store, clock, sink, log }: ConsumerOptions<Event>,
  { parking, blocked, owed, handled, hold, record, failAgain }: Holds,
  committed: () => Position | null,
): CatchUp<Event> => {
  const { standing, skipped } = parking.index;

  const hand: CatchUp<Event>['hand'] = (event) =>
    // Mostly nothing is skipped, and to look an id up that was just read costs as much as many a fold.
    skipped.size > 0 && skipped.has(event.eventId) ? sink.skip?.(event) : sink.apply(event);

  /** A stream from its held event on, up to a place in the log or to the next event that fails. */
  const catchUp = async (from: Standing, until: Position): Promise<void> => {
    const stream = from.stream as StreamName;
    const passed: string[] = [];
    let stopped: Standing | null = null;
    for (let next = from.revision; stopped === null; ) {
      const page = await store.readStream(stream, { from: next, limit: readPageEventsMax });
      const missed = page.filter(({ position }) => store.comparePositions(position, until) <= 0);
      for (const event of missed) {
        const failure = await failureOf(() => hand(event));
        if (failure !== null) {
          if (event.eventId === from.eventId) return failAgain(from, failure.error);
          stopped = await recorded(event, failure.error);
          if (stopped !== null) break;
        }
        if (standing.has(event.eventId)) passed.push(event.eventId);
      }
      const position = committed();
      if (position !== null) await sink.commit(position, null);
      if (missed.length < readPageEventsMax) break;
      next += BigInt(missed.length);
    }
    if (stopped === null) blocked.delete(stream);
    else blocked.set(stream, stopped);
    // Only now: settled before the rest was handed over, a crash would lose the rest.
    for (const eventId of passed) if (!owed.has(eventId)) handled.add(eventId);
    log('info', 'parked stream caught up', { consumer: name, stream, stoppedAt: stopped?.eventId ?? null });
  };

  /** What blocks the stream from here on; `null` when nothing does. */
  const recorded = async (event: BareEvent, error: unknown): Promise<Standing | null> => {
    const failed = await record(event, error, { attempts: 1, firstSeenAt: clock.now() });
    if (failed?.blocks === true) return failed;
    if (failed !== null) hold(failed);
    return null;
  };

  const settleOwed = async (from: Standing): Promise<void> => {
    const { eventId, revision } = from;
    if (!skipped.has(eventId)) {
      const [event] = await store.readStream(from.stream as StreamName, { from: revision, limit: 1 });
      if (event === undefined) return;
      const failure = await failureOf(() => (sink.retry ?? sink.apply)(event));
      if (failure !== null) return failAgain(from, failure.error);
      handled.add(eventId);
    }
    owed.delete(eventId);
  };

  return { hand, tryAgain: (held, until) => (held.blocks ? catchUp(held, until) : settleOwed(held)) };
};

/** What work failed with; `null` when it did not. Throws only what is no fault of the event. */
export const failureOf = async (work: () => Promise<void> | void): Promise<{ readonly error: unknown } | null> => {
  try {
    await work();
    return null;
  } catch (error) {
    if (isNotTheEvents(error)) throw error;
    return { error };
  }
};
