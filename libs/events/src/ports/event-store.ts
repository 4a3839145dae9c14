import type { UnixMs } from '#domain';
import type { EventId, NewEvent, Position, RecordedEvent, StreamName } from '../envelope.ts';

/** The only two things a writer may expect. "Any" does not exist: a blind write is how history gets lost. */
export type ExpectedRevision = bigint | 'no-stream';

export type Appended = {
  /** Of the last event appended. */
  readonly revision: bigint;
  readonly position: Position;
};

/**
 * An event for who folds it: without what proves it and what set it off. A store that keeps those beside the rest need not
 * read them, and in a long history they are a third of the bytes.
 */
export type BareEvent = Omit<RecordedEvent, 'correlationId' | 'causationId' | 'traceparent' | 'prevHash' | 'hash'>;

export type ReadPage<Event extends BareEvent = RecordedEvent> = {
  /** May be fewer than asked for before the end: pages end by bytes too. */
  readonly events: readonly Event[];
  /** Read on after this; equals the `after` given when the page is empty. `null`: nothing read yet from the beginning. */
  readonly next: Position | null;
  /** Whether nothing was recorded after this page when it was read. */
  readonly end: boolean;
};

export type Subscription = AsyncIterable<RecordedEvent>;

export type ReadAllOptions = { readonly after?: Position | null; readonly limit?: number };

/**
 * The record. Order is total across the store and gap-free within a stream.
 * What happens when: same stream, expectedRevision, ids and bytes again → the first result; other content, a moved
 * stream or an event id the stream has elsewhere → {@link ConcurrencyConflict}; not an append at all (none or too many events,
 * too large, no JSON) → {@link InvalidAppend}; disk full, corrupt file, lost server → {@link StoreUnavailable}, nothing
 * recorded, or in doubt. Writers derive ids from what an event is about, so that no two streams share one; a store in one
 * place refuses that too, a cluster cannot. Bytes are the canonical form (RFC 8785), so the order of keys makes no difference.
 */
export type EventStore = {
  readonly storeId: string;
  append(stream: StreamName, events: readonly NewEvent[], expectedRevision: ExpectedRevision): Promise<Appended>;
  /** A stream's events from a revision on, oldest first, at most `limit` (default and maximum: `readPageEventsMax`). */
  readStream(
    stream: StreamName,
    options?: { readonly from?: bigint; readonly limit?: number },
  ): Promise<readonly RecordedEvent[]>;
  /** All events after a position, in order. Throws {@link ForeignPosition}, {@link PositionAhead}. */
  readAll(options?: ReadAllOptions): Promise<ReadPage>;
  /** The same events, for who does not ask what proves them and what set them off. It takes less where those can be left unread. */
  readAllBare(options?: ReadAllOptions): Promise<ReadPage<BareEvent>>;
  /**
   * Everything after a position, then live, until the signal aborts, which ends it without an error. Slow readers are
   * paged, never buffered without bound. Throws {@link StoreUnavailable} when the store closes first or cannot be read,
   * {@link PositionAhead} when there is no such place yet.
   */
  subscribe(options: { readonly after: Position | null; readonly signal: AbortSignal }): Subscription;
  /** Position of the newest event; `null` when there is none. */
  head(): Promise<Position | null>;
  /**
   * Where the log stood at an instant: the last position before the first event recorded later than it, and the head when
   * there is none such. Writers' clocks race and jump, so the order of the log decides: what lies behind a later event does
   * not count, whatever its own time says. `null` when the first event is already later, and on an empty store.
   */
  positionAt(time: UnixMs): Promise<Position | null>;
  /** Negative, zero or positive. Throws {@link ForeignPosition} on a token of another store. */
  comparePositions(a: Position, b: Position): number;
  /** Reads a token from outside. Throws {@link ForeignPosition}. */
  parsePosition(text: string): Position;
  /** Finishes what was accepted, then lets go of the file or connection. Calls after it throw {@link StoreUnavailable}. */
  close(): Promise<void>;
};

/** The stream is not where the writer thought. Read and decide again. */
export class ConcurrencyConflict extends Error {
  override readonly name = 'ConcurrencyConflict';
  readonly stream: StreamName;
  readonly expected: ExpectedRevision;
  readonly actual: ExpectedRevision;
  /** The event id that is recorded in another place; `null` when it is the revision that differs. */
  readonly duplicateId: EventId | null;

  constructor(
    stream: StreamName,
    expected: ExpectedRevision,
    actual: ExpectedRevision,
    duplicateId: EventId | null = null,
  ) {
    super(
      duplicateId === null
        ? `stream ${stream} is at ${actual}, not at ${expected} as expected; read it again and decide again`
        : `event ${duplicateId} for stream ${stream} is already recorded in another place; an event id is used once`,
    );
    this.stream = stream;
    this.expected = expected;
    this.actual = actual;
    this.duplicateId = duplicateId;
  }
}

export type InvalidAppendReason =
  | 'no-events'
  | 'too-many-events'
  | 'too-large'
  | 'not-json'
  | 'repeated-id'
  | 'bad-envelope'
  | 'bad-revision';

/** What the caller wants appended is no append: a bug of the caller, or data over a limit. Nothing was recorded. */
export class InvalidAppend extends Error {
  override readonly name = 'InvalidAppend';
  readonly reason: InvalidAppendReason;

  constructor(reason: InvalidAppendReason, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.reason = reason;
  }
}

export type StoreFault =
  | 'disk-full'
  | 'corrupt'
  | 'busy'
  | 'closed'
  | 'io'
  | 'not-a-store'
  | 'newer-format'
  /** No server answers. */
  | 'unreachable'
  /** One answers, and it may not write: the cluster is choosing its leader, or the address names another node. */
  | 'not-leader'
  /** It does not let us: user, password or rights. */
  | 'refused'
  /** The answer to an append was lost, and nobody could say since whether it was recorded. Repeating it is harmless. */
  | 'in-doubt';

/** The store cannot do it now. Nothing of the call was recorded, unless the fault is `in-doubt`. */
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

/** A position of this store behind its newest event: the store was put back to an earlier state. Waiting there would miss what comes. */
export class PositionAhead extends Error {
  override readonly name = 'PositionAhead';

  constructor(position: Position, newest: Position | null) {
    super(
      `position ${position} is ahead of the store, whose newest event is at ${newest ?? 'none'}: it was put back to an earlier state, or its end was cut off; restore it, or place this reader anew`,
    );
  }
}
