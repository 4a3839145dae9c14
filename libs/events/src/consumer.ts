import type { UnixMs } from '#domain';
import { UnknownEvent } from './codec.ts';
import { CommandUndeliverable, isTransient, reasonOf } from './consumer-faults.ts';
import type { Position, RecordedEvent, StreamName } from './envelope.ts';
import { readWholeStream } from './handle.ts';
import { keepUp } from './keep-up.ts';
import { consumerAttemptsMax, consumerRetryMs, readPageEventsMax } from './limits.ts';
import type { Parked } from './parking.ts';
import { createParking } from './parking-stream.ts';
import type { Clock } from './ports/clock.ts';
import type { EventStore } from './ports/event-store.ts';
import type { Sink } from './sink.ts';

export type ConsumerStatus = {
  readonly name: string;
  readonly position: Position | null;
  readonly caughtUp: boolean;
  /** Events it could not handle. What it shows of the streams that they block is stale. */
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
 * own stream only, or none ({@link CommandUndeliverable}); a lost store or bus is waited for. What is parked is tried
 * again at every start.
 */
export const createConsumer = (options: ConsumerOptions): Consumer => {
  const { name, store, clock, sink, log } = options;
  const parking = createParking(name, { store, clock });
  const blocked = new Map<StreamName, Parked>();
  const owed = new Map<string, Parked>();
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
    owed.clear();
    for (const parked of await parking.load()) keep(parked);
    for (const parked of [...blocked.values()]) await catchUp(parked);
    for (const parked of [...owed.values()]) await settleOwed(parked);
    // Only now: a store or bus that is lost meanwhile must not leave the rest of them untried.
    loaded = true;
  };

  const keep = (parked: Parked): void => {
    if (parked.blocks) blocked.set(parked.stream as StreamName, parked);
    else owed.set(parked.eventId, parked);
  };

  /** A newer build may read what stopped an older one: the stream is caught up from its first parked event. */
  const catchUp = async (parked: Parked): Promise<void> => {
    const stream = parked.stream as StreamName;
    const missed = (await readWholeStream(store, stream)).slice(Number(parked.revision)).filter(isBehind);
    for (const event of missed) if (!(await tryAgain(event, () => sink.apply(event)))) return;
    if (position !== null) await sink.commit(position);
    await parking.settle(parked);
    blocked.delete(stream);
    log('info', 'parked stream caught up', { consumer: name, stream, events: missed.length });
  };

  const settleOwed = async (parked: Parked): Promise<void> => {
    const [event] = await store.readStream(parked.stream as StreamName, { from: parked.revision, limit: 1 });
    if (event === undefined || !isBehind(event)) return;
    if (!(await tryAgain(event, () => (sink.retry ?? sink.apply)(event)))) return;
    await parking.settle(parked);
    owed.delete(parked.eventId);
  };

  /** What is ahead comes by itself. */
  const isBehind = (event: RecordedEvent): boolean =>
    position !== null && store.comparePositions(event.position, position) <= 0;

  const tryAgain = async (event: RecordedEvent, work: () => Promise<void> | void): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      if (isTransient(error)) throw error;
      log('warn', 'parked event still fails', { consumer: name, eventId: event.eventId, reason: reasonOf(error) });
      return false;
    }
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
        const isHopeless = error instanceof UnknownEvent || error instanceof CommandUndeliverable;
        if (isHopeless || attempts >= consumerAttemptsMax) return park(event, error, attempts, firstSeenAt);
        await clock.sleep(consumerRetryMs * 2 ** (attempts - 1), stopping.signal);
        // A stop during the pause is not a failure of the event: leave it for the next start.
        stopping.signal.throwIfAborted();
      }
    }
  };

  const park = async (event: RecordedEvent, error: unknown, attempts: number, firstSeenAt: UnixMs): Promise<void> => {
    const [reason, blocks] = [reasonOf(error), !(error instanceof CommandUndeliverable)];
    log('error', 'event parked', { consumer: name, stream: event.stream, eventId: event.eventId, blocks, reason });
    keep(await parking.park(event, { reason, blocks, attempts, firstSeenAt }));
  };

  const stall = (error: unknown, failures: number): void => {
    stalled = reasonOf(error);
    caughtUp = false;
    log('warn', 'consumer stalled', { consumer: name, reason: stalled, failures });
  };

  const loop = (): Promise<void> => {
    const { signal } = stopping;
    return keepUp({ store, clock, signal, step: runOnce, position: () => position, stalled: stall });
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
    status: () => ({ name, position, caughtUp, parked: [...blocked.values(), ...owed.values()], stalled }),
    reached,
  };
};
