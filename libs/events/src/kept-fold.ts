import type { Position, RecordedEvent } from './envelope.ts';
import { foldRestoringCopies, readPageEventsMax } from './limits.ts';
import type { EventStore } from './ports/event-store.ts';
import type { FoldSnapshot, FoldSnapshots } from './ports/fold-snapshots.ts';
import type { Past } from './sink.ts';

type Place = Pick<RecordedEvent, 'stream' | 'revision' | 'position'>;

export type KeptFoldOptions<State> = {
  readonly name: string;
  readonly store: Pick<EventStore, 'readAll' | 'readStream' | 'comparePositions' | 'parsePosition'>;
  readonly snapshots: FoldSnapshots;
  /** Data only: maps, sets, arrays and plain objects, which a copy can be made of. */
  readonly initial: () => State;
  /** Takes in an event of the past; `false` for one that this build cannot read. */
  readonly absorb: (state: State, recorded: RecordedEvent) => boolean;
};

/** A fold of the log in memory, of which a copy is kept now and then. */
export type KeptFold<State> = {
  state(): State;
  /** Knows nothing any more. */
  forget(): void;
  /** Begins with the newest copy, or at the beginning of the log: where that is. For folds that have no checkpoint. */
  begin(): Promise<Position | null>;
  /** Brings the state to what it was at a position: from the newest copy when it is of the same events, else from the log. */
  restore(until: Position, past: Past): Promise<void>;
  /** Notes that the state has this event now. */
  took(recorded: Place): void;
  /** After a commit: makes a copy when enough has come since the last, and nothing is held back. */
  keep(without: string | null): Promise<void>;
};

export const createKeptFold = <State>(options: KeptFoldOptions<State>): KeptFold<State> => {
  const { name, store, snapshots, initial, absorb } = options;
  let state = initial();
  let last: Place | null = null;
  /** Events since the last copy. */
  let since = 0;
  /** Some event could not be read: what is known is not all there is to know. */
  let lacks = false;

  const startFrom = (snapshot: FoldSnapshot<State> | null): Position | null => {
    state = snapshot?.state ?? initial();
    last = snapshot?.place ?? null;
    since = 0;
    lacks = false;
    return snapshot?.place.position ?? null;
  };

  /** The newest copy, unless its log is not the one that is there: a store that was put back goes on with other events. */
  const usable = async (): Promise<FoldSnapshot<State> | null> => {
    const snapshot = await snapshots.load<State>(name);
    if (snapshot === null) return null;
    const { hash, position } = snapshot.place;
    const event = await eventAt(snapshot.place);
    return event?.hash === hash && event.position === position ? snapshot : null;
  };

  const eventAt = async ({ stream, revision }: Place): Promise<RecordedEvent | undefined> =>
    (await store.readStream(stream, { from: revision, limit: 1 }))[0];

  const took = ({ stream, revision, position }: Place): void => {
    since += 1;
    // A stream that was held back is caught up behind the others: a copy stands at the furthest event that is in it.
    if (last === null || store.comparePositions(position, last.position) > 0) last = { stream, revision, position };
  };

  const keep = async (without: string | null): Promise<void> => {
    if (without === null || lacks || last === null || since < snapshots.everyEvents) return;
    since = 0;
    const hash = (await eventAt(last))?.hash;
    if (hash !== undefined) await snapshots.save(name, { place: { ...last, hash }, without, state });
  };

  const readOn = async (from: Position | null, until: Position, { counts, without }: Past): Promise<void> => {
    for (let after = from; ; ) {
      const page = await store.readAll({ after, limit: readPageEventsMax });
      for (const recorded of page.events) {
        if (store.comparePositions(recorded.position, until) > 0) return;
        if (!counts(recorded)) continue;
        if (!absorb(state, recorded)) lacks = true;
        took(recorded);
      }
      if (page.end) return;
      after = page.next;
      // A start that is cut off goes on from here the next time.
      if (since >= foldRestoringCopies * snapshots.everyEvents) await keep(without);
    }
  };

  return {
    ...{ state: () => state, took, keep },
    forget: () => void startFrom(null),
    begin: async () => startFrom(await usable()),
    restore: async (until, past) => {
      const copy = past.without === null ? null : await usable();
      const fits = copy?.without === past.without && store.comparePositions(copy.place.position, until) <= 0;
      await readOn(startFrom(fits ? copy : null), until, past);
      await keep(past.without);
    },
  };
};
