import type { Position, RecordedEvent, StreamName } from './envelope.ts';
import type { BareEvent } from './ports/event-store.ts';

/**
 * What a consumer does with events. At-least-once and idempotent: after a crash it sees everything after its last commit again.
 * A sink of bare events may be given whole ones, too.
 */
export type Sink<Event extends BareEvent = RecordedEvent> = {
  /** Events that it may be given between two commits while more wait in the log; those of one page unless it says so. */
  readonly batchEventsMax?: number;
  /** Where the last commit left off; `null` for the beginning. Throws when it may not start. */
  load(): Promise<Position | null>;
  /** Brings back what is kept in memory only, as it was at a position, from the events that count. */
  restore?(until: Position, past: Past): Promise<void>;
  apply(event: Event | RecordedEvent): Promise<void> | void;
  /**
   * Takes note of an event that it could not apply, or that is held back behind one of its stream: of its envelope only,
   * and once. It is applied or skipped later, when the stream goes on. Without it, nothing is done.
   */
  holdBack?(event: Event | RecordedEvent): Promise<void> | void;
  /** Does what an earlier event still asks for, now that later ones are applied. Without it, `apply` does. */
  retry?(event: Event | RecordedEvent): Promise<void> | void;
  /** Goes past an event that somebody decided to skip, without anything of it. Without it, nothing is done. */
  skip?(event: Event | RecordedEvent): Promise<void> | void;
  /**
   * Makes what it keeps of a stream anew when it has folded one of these events, which somebody decided to skip since.
   * A sink that other replicas have too needs it: what one of them could not handle another may have.
   */
  leaveOut?(stream: StreamName, skipped: ReadonlySet<bigint>): Promise<void>;
  /** Whether what it keeps already has an event. A sink that other replicas have too must be able to tell. */
  has?(stream: StreamName, revision: bigint): boolean;
  /**
   * Everything up to here is handled; make it durable together with what `apply` did. `without` names what was skipped of it;
   * `null` while some of it is held back, and then no copy of what is kept in memory can stand for it.
   */
  commit(position: Position, without: string | null): Promise<void> | void;
};

/** What a sink is to have of the events before a position. */
export type Past = {
  readonly counts: (event: BareEvent) => boolean;
  /** Names those that were skipped: the same name for the same events. `null` while others do not count either. */
  readonly without: string | null;
};

/** Goes on when work is done: at once when it was done at once, because a promise for each event costs more than most of them. */
export const andThen = (done: Promise<void> | void, next: () => void): Promise<void> | void =>
  done instanceof Promise ? done.then(next) : next();
