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

/** So many events stand parked that the fault is not theirs. The consumer stands still until some are handled or skipped. */
export class ParkingFull extends Error {
  override readonly name = 'ParkingFull';

  constructor(consumer: string, standing: number, cause: unknown) {
    super(
      `${standing} events stand parked and no more are taken; retry or skip some (hcc parked ls --consumer ${consumer}), or run a build that can handle them; the next one fails with: ${reasonOf(cause)}`,
      { cause },
    );
  }
}

/** A store, bus or race that will be right again by itself, or a full parking: waiting loses nothing, parking would. */
export const isTransient = (error: unknown): boolean =>
  error instanceof StoreUnavailable ||
  error instanceof BusUnavailable ||
  error instanceof ConcurrencyConflict ||
  error instanceof ParkingFull;

/** What an error says, whatever was thrown. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
