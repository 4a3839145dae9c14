import type { UnixMs } from '#domain';
import { UnknownEvent } from './codec.ts';
import type { Position, RecordedEvent, StreamName } from './envelope.ts';
import { readWholeStream } from './handle.ts';
import { consumerAttemptsMax, consumerRetryMaxMs, consumerRetryMs, readPageEventsMax } from './limits.ts';
import type { Parked } from './parking.ts';
import { createParking } from './parking-stream.ts';
import { BusUnavailable } from './ports/bus.ts';
import type { Clock } from './ports/clock.ts';
import { ConcurrencyConflict, type EventStore, StoreUnavailable } from './ports/event-store.ts';
import { nextAppend } from './store/follow.ts';

/** What a consumer does with events. At-least-once and idempotent: after a crash it sees everything after its last commit again. */
export type Sink = {
  /** Where the last commit left off; `null` for the beginning. Throws when it may not start. */
  load(): Promise<Position | null>;
  apply(event: RecordedEvent): Promise<void> | void;
  /** Everything up to here is handled; make it durable together with what `apply` did. */
  commit(position: Position): Promise<void> | void;
};

export type ConsumerStatus = {
  readonly name: string;
  readonly position: Position | null;
  readonly caughtUp: boolean;
  /** Streams this consumer no longer follows, with the event that stopped it. What it shows of them is stale. */
  readonly parked: readonly Parked[];
  /** Why it makes no progress now (a lost store or bus); `null` when it does. */
  readonly stalled: string | null;
};

export type Consumer = {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Handles at most one page without waiting; the number of events seen. The simulator's step. */
  runOnce(): Promise<number>;
  status(): ConsumerStatus;
  /** `true` once committed at or past a position, `false` when the time is up. */
  reached(position: Position, waitMs: number): Promise<boolean>;
};

export type ConsumerOptions = {
  readonly name: string;
  readonly store: EventStore;
  readonly clock: Clock;
  readonly sink: Sink;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
};

/**
 * Reads the whole log in order into a sink. An event that cannot be handled is parked on `parked-<name>` and blocks its
 * own stream only; a lost store or bus is waited for. What is parked is tried again at every start.
 */
export const createConsumer = (options: ConsumerOptions): Consumer => {
  const { name, store, clock, sink, log } = options;
  const parking = createParking(name, { store, clock });
  const blocked = new Map<StreamName, Parked>();
  const waiters = new Set<() => void>();
  const stopping = new AbortController();
  let position: Position | null = null;
  let caughtUp = false;
  let stalled: string | null = null;
  let loaded = false;
  let running: Promise<void> = Promise.resolve();

  const load = async (): Promise<void> => {
    position = await sink.load();
    blocked.clear();
    for (const parked of await parking.load()) blocked.set(parked.stream as StreamName, parked);
    for (const [stream, parked] of [...blocked]) await retryParked(stream, parked);
    // Only now: a store or bus that is lost meanwhile must not leave the rest of them untried.
    loaded = true;
  };

  /** A newer build may read what stopped an older one: the stream is caught up from its first parked event. */
  const retryParked = async (stream: StreamName, parked: Parked): Promise<void> => {
    const history = await readWholeStream(store, stream);
    const missed = history.slice(Number(parked.revision));
    for (const event of missed) {
      if (position === null || store.comparePositions(event.position, position) > 0) break;
      try {
        await sink.apply(event);
      } catch (error) {
        if (isTransient(error)) throw error;
        log('warn', 'parked event still fails', {
          consumer: name,
          stream,
          eventId: event.eventId,
          reason: text(error),
        });
        return;
      }
    }
    if (position !== null) await sink.commit(position);
    await parking.settle(parked);
    blocked.delete(stream);
    log('info', 'parked stream caught up', { consumer: name, stream, events: missed.length });
  };

  const runOnce = async (): Promise<number> => {
    if (!loaded) await load();
    const page = await store.readAll({ after: position, limit: readPageEventsMax });
    for (const event of page.events) {
      if (!blocked.has(event.stream)) await applyOrPark(event);
    }
    if (page.next !== null && page.events.length > 0) {
      await sink.commit(page.next);
      position = page.next;
    }
    caughtUp = page.end;
    stalled = null;
    for (const wake of [...waiters]) wake();
    return page.events.length;
  };

  const applyOrPark = async (event: RecordedEvent): Promise<void> => {
    const firstSeenAt = clock.now();
    for (let attempts = 1; ; attempts += 1) {
      try {
        await sink.apply(event);
        return;
      } catch (error) {
        if (isTransient(error)) throw error;
        if (error instanceof UnknownEvent || attempts >= consumerAttemptsMax) {
          await park(event, text(error), attempts, firstSeenAt);
          return;
        }
        await clock.sleep(consumerRetryMs * 2 ** (attempts - 1), stopping.signal);
        // A stop during the pause is not a failure of the event: leave it for the next start.
        stopping.signal.throwIfAborted();
      }
    }
  };

  const park = async (event: RecordedEvent, reason: string, attempts: number, firstSeenAt: UnixMs): Promise<void> => {
    log('error', 'event parked', { consumer: name, stream: event.stream, eventId: event.eventId, reason });
    blocked.set(event.stream, await parking.park(event, { reason, attempts, firstSeenAt }));
  };

  const loop = async (): Promise<void> => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        const seen = await runOnce();
        failures = 0;
        if (seen === 0) await nextAppend(store, position, stopping.signal);
      } catch (error) {
        if (stopping.signal.aborted) return;
        failures += 1;
        stalled = text(error);
        caughtUp = false;
        log('warn', 'consumer stalled', { consumer: name, reason: stalled, failures });
        await clock.sleep(Math.min(consumerRetryMs * 2 ** Math.min(failures, 10), consumerRetryMaxMs), stopping.signal);
      }
    }
  };

  const reached = async (wanted: Position, waitMs: number): Promise<boolean> => {
    const there = (): boolean => position !== null && store.comparePositions(position, wanted) >= 0;
    if (there()) return true;
    const patience = new AbortController();
    let wake: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => {
      wake = () => {
        if (there()) resolve();
      };
      waiters.add(wake);
    });
    try {
      await Promise.race([arrived, clock.sleep(waitMs, patience.signal)]);
      return there();
    } finally {
      waiters.delete(wake);
      patience.abort();
    }
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
    status: () => ({ name, position, caughtUp, parked: [...blocked.values()], stalled }),
    reached,
  };
};

/** A store, bus or race that will be right again by itself: waiting loses nothing, parking would. */
const isTransient = (error: unknown): boolean =>
  error instanceof StoreUnavailable || error instanceof BusUnavailable || error instanceof ConcurrencyConflict;

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error));
