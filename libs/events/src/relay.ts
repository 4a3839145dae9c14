import type { UnixMs } from '#domain';
import { createStallTeller } from './consumer-faults.ts';
import type { Position } from './envelope.ts';
import { keepUp } from './keep-up.ts';
import { relayBatchMax } from './limits.ts';
import type { OrchestratorBus } from './ports/bus.ts';
import type { Checkpoints } from './ports/checkpoints.ts';
import type { Clock } from './ports/clock.ts';
import type { EventStore } from './ports/event-store.ts';
import { hasHistory } from './store/history.ts';

export type RelayOptions = {
  readonly store: EventStore;
  readonly bus: Pick<OrchestratorBus, 'publishEvents' | 'published' | 'connectedSince'>;
  readonly checkpoints: Checkpoints;
  readonly clock: Clock;
  /** Events published between two saves of the checkpoint. */
  readonly batchMax?: number;
  /** What a relay without a checkpoint does on a store that has events: `required` refuses, `from-start` publishes all of them. */
  readonly checkpoint?: 'required' | 'from-start';
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
};

export type RelayStatus = {
  /** Everything up to here is acknowledged by the bus; `null` before the first event. */
  readonly position: Position | null;
  readonly caughtUp: boolean;
  /** Events published since the start, repeats included. */
  readonly published: number;
  /** Why it makes no progress now; `null` when it does. */
  readonly stalled: string | null;
};

export type Relay = {
  readonly name: 'relay';
  /** Resolves once the checkpoint is read; publishes in the background from then on. Throws {@link RelayNotPlaced}. */
  start(): Promise<void>;
  /** Ends after the batch in hand. */
  stop(): Promise<void>;
  /** Publishes at most one batch without waiting for more; the number of events. Rejects when the bus or store does. */
  runOnce(): Promise<number>;
  /** Publishes again what the bus had acknowledged and has no more, in order; how many. The checkpoint stays. */
  refill(): Promise<number>;
  status(): RelayStatus;
};

/** A relay that was never told where to begin, on a store that has a history. */
export class RelayNotPlaced extends Error {
  override readonly name = 'RelayNotPlaced';
}

const name = 'relay';

/**
 * Publishes the store's events on the bus, in order. The stream is the outbox: the checkpoint moves only when every event
 * before it is acknowledged, so a crash publishes some again (same message id) and never leaves one out.
 */
export const createRelay = (options: RelayOptions): Relay => {
  const { store, bus, checkpoints, clock, log, batchMax = relayBatchMax, checkpoint = 'required' } = options;
  const tellStall = createStallTeller(log, 'relay stalled');
  const stopping = new AbortController();
  let position: Position | null = null;
  let placed = false;
  let caughtUp = false;
  let published = 0;
  let lookedSince: UnixMs | null = null;
  let stalled: string | null = null;
  let running: Promise<void> = Promise.resolve();
  let turn: Promise<unknown> = Promise.resolve();

  /** One at a time: a republish and the loop would save each other's positions. */
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = turn.then(work, work);
    turn = result.catch(() => undefined);
    return result;
  };

  const place = async (): Promise<void> => {
    if (placed) return;
    const saved = await checkpoints.load(name);
    if (saved === 'none') {
      const head = await store.head();
      if (head !== null && checkpoint === 'required' && (await hasHistory(store))) throw notPlaced(store.storeId, head);
      await checkpoints.save(name, null);
    }
    position = saved === 'none' ? null : saved;
    placed = true;
  };

  const runOnce = (): Promise<number> =>
    inTurn(async () => {
      await place();
      if (lookedSince === null || bus.connectedSince() !== lookedSince) await fillUp();
      const page = await store.readAll({ after: position, limit: batchMax });
      if (page.events.length > 0) {
        await bus.publishEvents(page.events);
        await checkpoints.save(name, page.next);
        position = page.next;
        published += page.events.length;
      }
      caughtUp = page.end;
      stalled = null;
      return page.events.length;
    });

  /**
   * Where to begin again. A publish that was on its way when a bus lost everything may land first: then the newest event
   * is there and those before it are not, which only the oldest one shows.
   */
  const lostAfter = async (): Promise<Position | null> => {
    const span = await bus.published();
    if (span === null) return null;
    const [first] = span.isTrimmed ? [] : (await store.readAll({ limit: 1 })).events;
    if (first !== undefined && first.position !== span.oldest) return null;
    return store.parsePosition(span.newest);
  };

  /** JetStream acknowledges before it writes, and a server may come back with less than it had, or with nothing. */
  const fillUp = async (): Promise<number> => {
    const since = bus.connectedSince();
    const from = await lostAfter();
    const isBefore = (a: Position | null, b: Position | null): boolean =>
      b !== null && (a === null || store.comparePositions(a, b) < 0);
    let count = 0;
    for (let after = from; isBefore(after, position); ) {
      stopping.signal.throwIfAborted();
      const page = await store.readAll({ after, limit: batchMax });
      await bus.publishEvents(page.events);
      count += page.events.length;
      after = page.next;
    }
    if (count > 0) log('warn', 'published again what the bus had lost', { events: count, after: from });
    published += count;
    lookedSince = since;
    return count;
  };

  const stall = (error: unknown, failures: number): void => {
    stalled = tellStall(error, failures, { position });
    caughtUp = false;
  };

  const loop = (): Promise<void> => {
    const { signal } = stopping;
    const at = { position: () => position, isAtEnd: () => caughtUp };
    return keepUp({ store, clock, signal, step: runOnce, ...at, stalled: stall });
  };

  return {
    name,
    start: async () => {
      await inTurn(place);
      running = loop();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
    runOnce,
    refill: () =>
      inTurn(async () => {
        await place();
        return fillUp();
      }),
    status: () => ({ position, caughtUp, published, stalled }),
  };
};

const notPlaced = (storeId: string, head: Position): RelayNotPlaced =>
  new RelayNotPlaced(
    `the relay has no checkpoint, but store ${storeId} holds events up to ${head}: either the checkpoint was lost or ` +
      'the relay never ran; start it once with checkpoint "from-start" to publish everything (repeats are stored once)',
  );
