import type { Position, RecordedEvent } from './envelope.ts';

/** What a consumer does with events. At-least-once and idempotent: after a crash it sees everything after its last commit again. */
export type Sink = {
  /** Where the last commit left off; `null` for the beginning. Throws when it may not start. */
  load(): Promise<Position | null>;
  apply(event: RecordedEvent): Promise<void> | void;
  /** Does what an earlier event still asks for, now that later ones are applied. Without it, `apply` does. */
  retry?(event: RecordedEvent): Promise<void> | void;
  /** Everything up to here is handled; make it durable together with what `apply` did. */
  commit(position: Position): Promise<void> | void;
};
