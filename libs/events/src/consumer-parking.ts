import type { ConsumerOptions } from './consumer.ts';
import { createCatchUp, failureOf } from './consumer-catch-up.ts';
import { reasonOf } from './consumer-faults.ts';
import { createHolds, type Tries } from './consumer-holds.ts';
import type { Position, StreamName } from './envelope.ts';
import { parkedMax, retriesPerStepMax } from './limits.ts';
import { streamName } from './names.ts';
import { type Standing, skippedByStream } from './parking.ts';
import type { BareEvent } from './ports/event-store.ts';
import type { Past } from './sink.ts';
import { createWithout } from './skipped-name.ts';

/** What one running consumer holds back: streams behind an event it could not handle, and events it still owes. */
export type ConsumerParking<Event extends BareEvent> = {
  /** Knows again what was held at a position, has the sink restored, and tries everything once more. */
  begin(position: Position | null): Promise<void>;
  /** What blocks a stream here; `undefined` for a stream that goes on. */
  blocking(stream: StreamName): Standing | undefined;
  held(): readonly Standing[];
  /** Whether no more can be parked. */
  isFull(): boolean;
  /** Names what was skipped; `null` while a stream is held back. */
  without(): string | null;
  /** At once when the sink works at once. Hands one event to the sink, or takes the sink past it when somebody decided to skip it. */
  pass(event: Event): Promise<void> | undefined;
  park(event: Event, error: unknown, tries: Tries): Promise<void>;
  /** Before a commit: streams whose blocking event was skipped, or handled by another, go on up to the end of the page. */
  release(until: Position): Promise<void>;
  /** After a commit: settles what was handled, and does the retries that were asked for, some at a time; how many. */
  answer(position: Position): Promise<number>;
};

/**
 * The part of a consumer that lives on `parked-<name>`. It sees what people asked for in the log, like everything else:
 * a retry or skip reaches whichever replica runs the consumer, and all of them when all do.
 */
export const createConsumerParking = <Event extends BareEvent>(
  options: ConsumerOptions<Event>,
  committed: () => Position | null,
): ConsumerParking<Event> => {
  const { name, store, sink, log, standingMax = parkedMax } = options;
  const own = streamName('parked', name);
  const holds = createHolds(options);
  const { parking, blocked, owed, handled } = holds;
  const { standing, skipped } = parking.index;
  const { hand, tryAgain } = createCatchUp(options, holds, committed);
  /** Whether people or other replicas may have said something since it was last looked at. */
  let news = true;
  /** Of how many skipped events nothing is kept here. */
  let leftOut = 0;

  const isBehind = (at: string, position: Position | null): boolean =>
    position !== null && store.comparePositions(at as Position, position) <= 0;

  const counts = ({ eventId, stream, revision }: BareEvent): boolean => {
    const blocking = blocked.get(stream);
    return !skipped.has(eventId) && (blocking === undefined || revision < blocking.revision);
  };

  const without = createWithout(holds);
  const past = (): Past => ({ counts, without: without() });

  const lacks = ({ stream, revision }: Standing): boolean => sink.has?.(stream as StreamName, revision) === false;

  /**
   * What was settled after `position` was settled by another, which may not have come as far, or not yet followed here. So
   * was what this replica lacks though it has passed the word of it: it tried, could not, and ended before it could.
   */
  const settledAhead = async (position: Position | null): Promise<readonly Standing[]> => {
    const ahead = new Map<string, Standing>();
    await parking.refresh((event, recorded) => {
      const settles = event.type === 'ParkedEventSkipped' || event.type === 'ParkedEventHandled';
      const before = settles ? standing.get(event.eventId) : undefined;
      if (before === undefined || !isBehind(before.position, position)) return;
      if (!isBehind(recorded.position, position) || lacks(before)) ahead.set(before.eventId, before);
    });
    return [...ahead.values()];
  };

  /** What was folded here before somebody skipped it goes out again, as if it had never been. */
  const leaveOut = async (): Promise<void> => {
    if (leftOut === skipped.size) return;
    if (sink.leaveOut !== undefined) {
      for (const [stream, revisions] of skippedByStream(skipped.values())) {
        const failure = await failureOf(() => sink.leaveOut?.(stream, revisions));
        const reason = failure === null ? null : reasonOf(failure.error);
        if (reason !== null) log('error', 'stream still shows a skipped event', { consumer: name, stream, reason });
      }
      const position = committed();
      if (position !== null) await sink.commit(position, without());
    }
    leftOut = skipped.size;
  };

  const begin = async (position: Position | null): Promise<void> => {
    for (const kept of [blocked, owed, handled]) kept.clear();
    // From the beginning of its stream: a begin that a lost store interrupted knew only half.
    parking.forget();
    [news, leftOut] = [true, 0];
    const ahead = await settledAhead(position);
    for (const each of [...ahead, ...standing.values()]) {
      if (sink.has?.(each.stream as StreamName, each.revision) === true) handled.add(each.eventId);
      else if (isBehind(each.position, position)) holds.hold(each);
    }
    if (position === null) return;
    await sink.restore?.(position, past());
    await leaveOut();
    for (const each of holds.all()) await tryAgain(each, position);
  };

  const noteHandled = ({ eventId }: BareEvent): void => {
    if (standing.size > 0 && standing.has(eventId)) handled.add(eventId);
  };

  const isFull = (): boolean => standing.size >= standingMax;

  const park: ConsumerParking<Event>['park'] = async (event, error, tries) => {
    const parked = await holds.record(event, error, tries);
    if (parked === null) return sink.skip?.(event);
    holds.hold(parked);
    if (parked.blocks) await sink.holdBack?.(event);
  };

  const release = async (until: Position): Promise<void> => {
    // A full one keeps the consumer from reading on: it looks by itself at what somebody did about that.
    news ||= isFull();
    if (!news) return;
    await parking.refresh();
    const given = holds.all().filter(({ eventId }) => skipped.has(eventId));
    // As in a rebuild: what a process knew of a skipped event it forgets.
    if (given.length > 0 || leftOut < skipped.size) await sink.restore?.(until, past());
    await leaveOut();
    for (const each of [...given, ...(sink.has ? [] : holds.settledElsewhere())]) await tryAgain(each, until);
  };

  const answer = async (position: Position): Promise<number> => {
    await holds.settle();
    if (!news) return 0;
    // Asked for, or handled by another replica: then this one may be able to as well.
    const isDue = ({ eventId }: Standing): boolean => standing.get(eventId)?.retryAsked ?? true;
    const due = holds.all().filter((each) => each.stream !== own && isDue(each));
    for (const each of due.slice(0, retriesPerStepMax)) await tryAgain(each, position);
    const here = new Set(holds.all().map(({ eventId }) => eventId));
    for (const { eventId, retryAsked, position: at } of standing.values()) {
      // Asked for, but not held here: this replica has gone past it, so it was handled.
      if (retryAsked && !here.has(eventId) && isBehind(at, position)) handled.add(eventId);
    }
    await holds.settle();
    news = due.length > retriesPerStepMax;
    return Math.min(due.length, retriesPerStepMax);
  };

  return {
    ...{ begin, isFull, without, park, release, answer },
    blocking: (stream) => (blocked.size === 0 ? undefined : blocked.get(stream)),
    held: holds.all,
    pass: (event) => {
      if (event.stream === own) news = true;
      const handing = hand(event);
      if (handing instanceof Promise) return handing.then(() => noteHandled(event));
      noteHandled(event);
      return undefined;
    },
  };
};
