import type { StreamName } from './envelope.ts';
import { BusUnavailable } from './ports/bus.ts';
import { ConcurrencyConflict, StoreUnavailable } from './ports/event-store.ts';

/**
 * What an event asks for is clear, but the stream it concerns cannot be read by this build. That is no fault of the
 * event's own stream: the event is owed and tried again at the next start, and its stream goes on.
 */
export class CommandUndeliverable extends Error {
  override readonly name = 'CommandUndeliverable';
  readonly target: StreamName;

  constructor(target: StreamName, cause: Error) {
    super(`the command for ${target} cannot be given: ${cause.message}`, { cause });
    this.target = target;
  }
}

/** A store, bus or race that will be right again by itself: waiting loses nothing, parking would. */
export const isTransient = (error: unknown): boolean =>
  error instanceof StoreUnavailable || error instanceof BusUnavailable || error instanceof ConcurrencyConflict;

/** What an error says, whatever was thrown. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
