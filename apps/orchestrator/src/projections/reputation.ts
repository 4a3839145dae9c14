import {
  createKeptFold,
  createReputations,
  type EventStore,
  emptyReputations,
  type FoldSnapshots,
  type Position,
  type RecordedEvent,
  type Reputations,
  readPageEventsMax,
  type Sink,
  type StreamName,
  streamName,
  UnknownEvent,
} from '#events';
import type { Unread } from './row-at.ts';

/** Who follows the log for them, and parks what it cannot read. */
export const reputationConsumer = 'reputation';

/**
 * Reputations as a sink. They are in memory: a score depends on the order of events of several streams, and a file of rows
 * follows each stream for itself.
 */
export const createReputationSink = (
  store: EventStore,
  snapshots: FoldSnapshots,
): Sink & { readonly reputations: () => Reputations } => {
  const kept = createKeptFold({
    ...{ name: reputationConsumer, store, snapshots, initial: emptyReputations },
    absorb: (state, recorded) => {
      createReputations(state).apply(recorded);
      return true;
    },
  });
  let reputations = createReputations(kept.state());
  return {
    reputations: () => reputations,
    load: async () => {
      const position = await kept.begin();
      reputations = createReputations(kept.state());
      return position;
    },
    restore: async (until, past) => {
      await kept.restore(until, past);
      reputations = createReputations(kept.state());
    },
    apply: (recorded) => {
      reputations.apply(recorded);
      kept.took(recorded);
    },
    has: (stream, revision) => reputations.has(stream, revision),
    commit: (_position, without) => kept.keep(without),
  };
};

type History = Pick<EventStore, 'readStream' | 'comparePositions'>;

/**
 * One miner's reputation as it was when the log stood at a position, from the three streams that it depends on: up to the
 * first event of them that this build cannot read, which is named. Events in `skipped` count for nothing, as live.
 */
export const reputationsAt = async (
  history: History,
  minerId: string,
  position: Position,
  skipped: Pick<ReadonlySet<string>, 'has'>,
): Promise<{ readonly reputations: Reputations; readonly unread: Unread | null }> => {
  const reputations = createReputations();
  const streams = [streamName('policy', 'reputation'), streamName('miner', minerId), streamName('appraisal', minerId)];
  for await (const recorded of inOrder(history, streams)) {
    if (history.comparePositions(recorded.position, position) > 0) break;
    if (skipped.has(recorded.eventId)) continue;
    try {
      reputations.apply(recorded);
    } catch (error) {
      if (error instanceof UnknownEvent) return { reputations, unread: { event: recorded, error } };
      throw error;
    }
  }
  return { reputations, unread: null };
};

async function* inOrder(history: History, streams: readonly StreamName[]): AsyncGenerator<RecordedEvent> {
  const open = await Promise.all(
    streams.map(async (stream) => {
      const events = eventsOf(history, stream);
      return { events, next: (await events.next()).value ?? null };
    }),
  );
  for (;;) {
    const [first] = open
      .flatMap((one) => (one.next === null ? [] : [{ one, event: one.next }]))
      .sort((a, b) => history.comparePositions(a.event.position, b.event.position));
    if (first === undefined) return;
    yield first.event;
    first.one.next = (await first.one.events.next()).value ?? null;
  }
}

async function* eventsOf(history: History, stream: StreamName): AsyncGenerator<RecordedEvent, null> {
  for (let from = 0n; ; ) {
    const page = await history.readStream(stream, { from });
    yield* page;
    from += BigInt(page.length);
    if (page.length < readPageEventsMax) return null;
  }
}
