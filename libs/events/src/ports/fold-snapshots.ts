import type { Position, RecordedEvent } from '../envelope.ts';

/** Where in the log a copy of a fold stands: its last event, and that event's hash, because a log may be put back. */
export type SnapshotPlace = Pick<RecordedEvent, 'stream' | 'revision' | 'hash'> & { readonly position: Position };

export type FoldSnapshot<State> = {
  readonly place: SnapshotPlace;
  /** Names the events before it that were skipped. */
  readonly without: string;
  readonly state: State;
};

/**
 * Copies of what folds in memory knew, so that a start reads the end of the log and not all of it. They are disposable:
 * without one the log is read. A copy is only ever given to the build that made it and over the store it was made of.
 */
export type FoldSnapshots = {
  /** Events that lie between two copies of a fold at least. */
  readonly everyEvents: number;
  /** The newest copy of this build and store; `null` when there is none that can be read whole. Never throws. */
  load<State>(fold: string): Promise<FoldSnapshot<State> | null>;
  /** Puts a copy in the place of the one before. What fails is told and loses nothing: it never throws. */
  save(fold: string, snapshot: FoldSnapshot<unknown>): Promise<void>;
};
