import type { Position } from './envelope.ts';
import { keepUp } from './keep-up.ts';
import { relayBatchMax } from './limits.ts';
import type { OrchestratorBus } from './ports/bus.ts';
import type { Checkpoints } from './ports/checkpoints.ts';
import type { Clock } from './ports/clock.ts';
import type { EventStore } from './ports/event-store.ts';

export type RelayOptions = {
  readonly store: EventStore;
  readonly bus: Pick<OrchestratorBus, 'publishEvents'>;
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
  /** Publishes everything after a position again (`null`: from the beginning) up to the present end; how many. The checkpoint stays. */
  republishFrom(position: Position | null): Promise<number>;
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
  const stopping = new AbortController();
  let position: Position | null = null;
  let placed = false;
  let caughtUp = false;
  let published = 0;
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
      if (head !== null && checkpoint === 'required') throw notPlaced(store.storeId, head);
      await checkpoints.save(name, null);
    }
    position = saved === 'none' ? null : saved;
    placed = true;
  };

  const runOnce = (): Promise<number> =>
    inTurn(async () => {
      await place();
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

  const republishFrom = (from: Position | null): Promise<number> =>
    inTurn(async () => {
      const head = await store.head();
      let count = 0;
      for (let after = from; head !== null && (after === null || store.comparePositions(after, head) < 0); ) {
        stopping.signal.throwIfAborted();
        const page = await store.readAll({ after, limit: batchMax });
        if (page.events.length === 0) break;
        await bus.publishEvents(page.events);
        count += page.events.length;
        after = page.next;
      }
      published += count;
      return count;
    });

  const stall = (error: unknown, failures: number): void => {
    stalled = error instanceof Error ? error.message : String(error);
    caughtUp = false;
    log('warn', 'relay stalled', { reason: stalled, failures, position });
  };

  const loop = (): Promise<void> => {
    const { signal } = stopping;
    return keepUp({ store, clock, signal, step: runOnce, position: () => position, stalled: stall });
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
    republishFrom,
    status: () => ({ position, caughtUp, published, stalled }),
  };
};

const notPlaced = (storeId: string, head: Position): RelayNotPlaced =>
  new RelayNotPlaced(
    `the relay has no checkpoint, but store ${storeId} holds events up to ${head}: either the checkpoint was lost or ` +
      'the relay never ran; start it once with checkpoint "from-start" to publish everything (repeats are stored once)',
  );
