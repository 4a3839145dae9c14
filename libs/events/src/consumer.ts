import type { UnixMs } from '#domain';
import { UnknownEvent } from './codec.ts';
import { CommandUndeliverable, createStallTeller, isNotTheEvents } from './consumer-faults.ts';
import { createConsumerParking } from './consumer-parking.ts';
import { createWaiting } from './consumer-waiting.ts';
import type { Position, RecordedEvent, StreamName } from './envelope.ts';
import { keepUp } from './keep-up.ts';
import { consumerAttemptsMax, consumerRetryMs, patienceParkedMax, readPageEventsMax } from './limits.ts';
import type { Standing } from './parking.ts';
import type { Clock } from './ports/clock.ts';
import type { BareEvent, EventStore, ReadAllOptions, ReadPage } from './ports/event-store.ts';
import type { Sink } from './sink.ts';

export type ConsumerStatus = {
  readonly name: string;
  readonly position: Position | null;
  readonly caughtUp: boolean;
  /** Events it could not handle and holds back: what it shows of the streams that they block is stale. */
  readonly parkedCount: number;
  /** When it first failed on the oldest of them; `null` when there is none. */
  readonly oldestParkedAt: UnixMs | null;
  /** Why it makes no progress now (a lost store or bus); `null` when it does. */
  readonly stalled: string | null;
};

export type Consumer = {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Handles at most one page, or as much as the sink takes at once, without waiting; the number of events seen. The simulator's step. */
  runOnce(): Promise<number>;
  status(): ConsumerStatus;
  /** What it holds back, at most {@link ConsumerOptions.standingMax}. */
  parked(): readonly Standing[];
  /** What blocks a stream in this very process; `null` for a stream that it follows. */
  blocking(stream: StreamName): Standing | null;
  /** `true` once committed at or past a position, `false` when the time is up. */
  reached(position: Position, waitMs: number): Promise<boolean>;
};

export type ConsumerOptions<Event extends BareEvent = RecordedEvent> = {
  readonly name: string;
  readonly store: EventStore;
  readonly clock: Clock;
  readonly sink: Sink<Event>;
  /** Parked events at which it stands still instead of parking another; `parkedMax` unless given. */
  readonly standingMax?: number;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
};

/**
 * Reads the whole log in order into a sink. An event that cannot be handled is parked on `parked-<name>` and blocks its
 * own stream only, or none ({@link CommandUndeliverable}); a lost store or bus is waited for. What is parked is tried
 * again at every start and whenever somebody asks for it on that stream; what somebody skips there is gone past, now and
 * in every rebuild.
 */
export const createConsumer = (options: ConsumerOptions): Consumer => consumerOf(options, options.store.readAll);

/** The same for a sink that does without what proves an event and what set it off. */
export const createBareConsumer = (options: ConsumerOptions<BareEvent>): Consumer =>
  consumerOf(options, options.store.readAllBare);

const consumerOf = <Event extends BareEvent>(
  options: ConsumerOptions<Event>,
  readAll: (options: ReadAllOptions) => Promise<ReadPage<Event>>,
): Consumer => {
  const { name, store, clock, sink } = options;
  const parking = createConsumerParking(options, () => position);
  const waiting = createWaiting(clock, (wanted) => position !== null && store.comparePositions(position, wanted) >= 0);
  const tellStall = createStallTeller(options.log, 'consumer stalled');
  const stopping = new AbortController();
  let position: Position | null = null;
  let caughtUp = false;
  /** Whether only an append can give it more to do. */
  let isDone = false;
  let stalled: string | null = null;
  let loaded = false;
  /** Then it takes a page at a time: what comes before the trouble shall be committed, not read again and again. */
  let failedLast = false;
  let running: Promise<void> = Promise.resolve();

  const load = async (): Promise<void> => {
    position = await sink.load();
    await parking.begin(position);
    // Only now: a store or bus that is lost meanwhile must not leave the rest of them untried.
    loaded = true;
  };

  const runOnce = async (): Promise<number> => {
    if (!loaded) await load();
    if (parking.isFull() && position !== null) await makeRoom(position);
    const batchEventsMax = failedLast ? 1 : (sink.batchEventsMax ?? 1);
    failedLast = true;
    const { events, next, end } = await handOn(position, batchEventsMax);
    if (next !== null && events > 0) {
      await parking.release(next);
      await sink.commit(next, parking.without());
      position = next;
    }
    const retried = position === null ? 0 : await parking.answer(position);
    caughtUp = end;
    isDone = end && retried === 0;
    failedLast = false;
    stalled = null;
    waiting.wake();
    return events + retried;
  };

  /** Whole pages, until they have so many events together or the log ends; how many, and where it stands then. */
  const handOn = async (after: Position | null, eventsMax: number) => {
    for (let [events, next] = [0, after]; ; ) {
      const page = await readAll({ after: next, limit: readPageEventsMax });
      for (const event of page.events) {
        // Most sinks work at once, and then nothing is awaited: a turn for each event costs more than many a fold.
        const passing = isHeldBack(event) ? sink.holdBack?.(event) : passOrPark(event);
        if (passing !== undefined) await passing;
      }
      events += page.events.length;
      next = page.next;
      // Who is stopped commits what it has: a batch takes seconds.
      if (page.end || events >= eventsMax || stopping.signal.aborted) return { events, next, end: page.end };
    }
  };

  /** What comes before the event that blocks its stream is given again after a commit that failed. */
  const isHeldBack = ({ stream, revision }: BareEvent): boolean => {
    const blocking = parking.blocking(stream);
    return blocking !== undefined && revision >= blocking.revision;
  };

  /** A full parking keeps it from reading on, also to what somebody did about that: it looks there by itself. */
  const makeRoom = async (at: Position): Promise<void> => {
    await parking.release(at);
    await parking.answer(at);
  };

  const passOrPark = (event: Event): Promise<void> | undefined => {
    try {
      return parking.pass(event)?.catch((error: unknown) => tryAgainOrPark(event, error));
    } catch (error) {
      return tryAgainOrPark(event, error);
    }
  };

  const tryAgainOrPark = async (event: Event, failure: unknown): Promise<void> => {
    const firstSeenAt = clock.now();
    let error = failure;
    for (let attempts = 1; ; attempts += 1) {
      if (isNotTheEvents(error)) throw error;
      const isHopeless = error instanceof UnknownEvent || error instanceof CommandUndeliverable;
      const attemptsMax = parking.held().length < patienceParkedMax ? consumerAttemptsMax : 1;
      if (isHopeless || attempts >= attemptsMax) return parking.park(event, error, { attempts, firstSeenAt });
      await clock.sleep(consumerRetryMs * 2 ** (attempts - 1), stopping.signal);
      // A stop during the pause is not a failure of the event: leave it for the next start.
      stopping.signal.throwIfAborted();
      try {
        return await parking.pass(event);
      } catch (again) {
        error = again;
      }
    }
  };

  const stall = (error: unknown, failures: number): void => {
    stalled = tellStall(error, failures, { consumer: name });
    caughtUp = false;
  };

  const loop = (): Promise<void> => {
    const at = { position: () => position, isAtEnd: () => isDone };
    return keepUp({ store, clock, signal: stopping.signal, step: runOnce, ...at, stalled: stall });
  };

  return {
    start: async () => {
      if (!loaded) await load();
      running = loop();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
    runOnce,
    status: () => ({ name, position, caughtUp, stalled, ...countOf(parking.held()) }),
    parked: parking.held,
    blocking: (stream) => parking.blocking(stream) ?? null,
    reached: waiting.reached,
  };
};

const countOf = (held: readonly Standing[]) => ({
  parkedCount: held.length,
  oldestParkedAt: held.reduce<UnixMs | null>(
    (oldest, { firstSeenAt }) => Math.min(oldest ?? firstSeenAt, firstSeenAt),
    null,
  ),
});
