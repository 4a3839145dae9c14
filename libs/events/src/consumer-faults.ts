import type { StreamName } from './envelope.ts';
import { BusUnavailable } from './ports/bus.ts';
import { ConcurrencyConflict, type StoreFault, StoreUnavailable } from './ports/event-store.ts';

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

/**
 * No fault of the event: of the store, the bus, a race, or a full parking. Waiting loses nothing, and parking would, also
 * where only a person ends the fault ({@link lastingFault}).
 */
export const isNotTheEvents = (error: unknown): boolean =>
  error instanceof StoreUnavailable ||
  error instanceof BusUnavailable ||
  error instanceof ConcurrencyConflict ||
  error instanceof ParkingFull;

type Nature = {
  /** Ends by itself: what waits goes on. What does not needs a person, and is tried again all the same, slowly. */
  readonly passes: boolean;
  /** What that person does about it; where the adapter knows the file or server, its own words are beside this. */
  readonly fix: string;
};

/** Every fault of a store, and whether waiting ends it. One that is not here does not compile. */
const natures = {
  busy: { passes: true, fix: 'wait; if it stays so, look at what else uses the store' },
  unreachable: { passes: true, fix: 'wait; if it stays so, look at its servers and the network' },
  'not-leader': { passes: true, fix: 'wait for the election to end' },
  'in-doubt': { passes: true, fix: 'nothing: what is repeated is recorded once' },
  io: { passes: true, fix: "wait; if it stays so, look at the disk, its mount or the server's log" },
  'disk-full': { passes: false, fix: 'free space; it goes on by itself then' },
  refused: { passes: false, fix: 'give it a user with rights on every stream, then start this program again' },
  corrupt: {
    passes: false,
    fix: 'hcc verify-log --file says what is damaged: restore a backup, or, of a checkpoint, start once with HCC_RECONCILE=1',
  },
  'not-a-store': { passes: false, fix: 'give the address of an event store and start this program again' },
  'newer-format': { passes: false, fix: 'run the build that wrote it, or a newer one' },
  closed: { passes: false, fix: 'start this program again' },
} as const satisfies Readonly<Record<StoreFault, Nature>>;

/** Whether waiting ends a fault. */
export const passes = (fault: StoreFault): boolean => natures[fault].passes;

/** The fault of a store that does not end by itself, and what to do; `null` for everything else. */
export const lastingFault = (error: unknown): { readonly fault: StoreFault; readonly fix: string } | null =>
  error instanceof StoreUnavailable && !passes(error.fault)
    ? { fault: error.fault, fix: natures[error.fault].fix }
    : null;

type Told = (level: 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;

/**
 * Says why somebody stands still, and gives back what to show: each failure as a warning, but once as an error, with what
 * to do, what does not pass by itself.
 */
export const createStallTeller = (log: Told, message: string) => {
  let said: string | null = null;
  return (error: unknown, failures: number, fields: Readonly<Record<string, unknown>>): string => {
    const reason = reasonOf(error);
    const lasting = lastingFault(error);
    if (lasting === null) log('warn', message, { ...fields, reason, failures });
    else if (failures === 1 || said !== lasting.fault) {
      log('error', `${message} until a person acts`, { ...fields, reason, ...lasting });
    }
    said = lasting?.fault ?? null;
    return shownReason(error);
  };
};

/** What an error says, and, where it does not pass by itself, what to do. */
export const shownReason = (error: unknown): string => {
  const lasting = lastingFault(error);
  return lasting === null ? reasonOf(error) : `${reasonOf(error)} (this does not pass by itself: ${lasting.fix})`;
};

/** What an error says, whatever was thrown. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
