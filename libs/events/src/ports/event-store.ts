import type { NewEvent, Position, RecordedEvent, StreamName } from '../envelope.ts';

/** The only two things a writer may expect. "Any" does not exist: a blind write is how history gets lost. */
export type ExpectedRevision = bigint | 'no-stream';

export type Appended = {
  /** Of the last event appended. */
  readonly revision: bigint;
  readonly position: Position;
};

export type ReadPage = {
  readonly events: readonly RecordedEvent[];
  /** Read on after this; equals the `after` given when the page is empty. `null`: nothing read yet from the beginning. */
  readonly next: Position | null;
  readonly end: boolean;
};

export type Subscription = AsyncIterable<RecordedEvent>;

/**
 * The record. Order is total across the store and gap-free within a stream.
 * What happens when: same stream, expectedRevision, ids and bytes again → the first result; other content or a moved
 * stream → {@link ConcurrencyConflict}; disk full, corrupt file, lost server → {@link StoreUnavailable}, nothing recorded.
 */
export type EventStore = {
  readonly storeId: string;
  append(stream: StreamName, events: readonly NewEvent[], expectedRevision: ExpectedRevision): Promise<Appended>;
  /** A stream's events from a revision on, oldest first, at most `limit` (default and maximum in limits.ts). */
  readStream(
    stream: StreamName,
    options?: { readonly from?: bigint; readonly limit?: number },
  ): Promise<readonly RecordedEvent[]>;
  /** All events after a position, in order. */
  readAll(options?: { readonly after?: Position | null; readonly limit?: number }): Promise<ReadPage>;
  /** Everything after a position, then live, until the signal aborts. Slow readers are paged, never buffered without bound. */
  subscribe(options: { readonly after: Position | null; readonly signal: AbortSignal }): Subscription;
  /** Position of the newest event; `null` when there is none. */
  head(): Promise<Position | null>;
  /** Negative, zero or positive. Throws {@link ForeignPosition} on a token of another store. */
  comparePositions(a: Position, b: Position): number;
  /** Reads a token from outside. Throws {@link ForeignPosition}. */
  parsePosition(text: string): Position;
  /** Finishes what was accepted, then lets go of the file or connection. */
  close(): Promise<void>;
};

/** The stream is not where the writer thought. Read and decide again. */
export class ConcurrencyConflict extends Error {
  override readonly name = 'ConcurrencyConflict';
  readonly stream: StreamName;
  readonly expected: ExpectedRevision;
  readonly actual: ExpectedRevision;

  constructor(stream: StreamName, expected: ExpectedRevision, actual: ExpectedRevision) {
    super(`stream ${stream} is at ${actual}, not at ${expected} as expected; read it again and decide again`);
    this.stream = stream;
    this.expected = expected;
    this.actual = actual;
  }
}

export type StoreFault = 'disk-full' | 'corrupt' | 'busy' | 'closed' | 'io' | 'not-a-store' | 'newer-format';

/** The store cannot do it now. Nothing of the call was recorded. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly fault: StoreFault;

  constructor(fault: StoreFault, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.fault = fault;
  }
}

/** A position token that this store did not make. */
export class ForeignPosition extends Error {
  override readonly name = 'ForeignPosition';
}
