import type { Branded } from '#domain';

/** JSON as it is stored: what RFC 8785 can canonicalise. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Who did it: `owner:<accountId>`, `operator:<tokenId>`, `miner:<minerId>`, `process:<name>` or `system:<name>`. */
export type Actor = `${'operator' | 'owner' | 'viewer' | 'miner' | 'process' | 'system'}:${string}`;

export type EventId = Branded<'EventId'>;
/** Opaque, names its store, comparable only by that store's `comparePositions`. */
export type Position = Branded<'Position'>;
export type StreamName = Branded<'StreamName'>;

/** An event before it is recorded. The writer makes id, time and causes; the store adds revision, position and hashes. */
export type NewEvent = {
  readonly eventId: EventId;
  /** PascalCase, past tense. Name and version are a stored format. */
  readonly type: string;
  readonly version: number;
  readonly data: JsonObject;
  /** ISO 8601 UTC with milliseconds, stamped once by the writer. */
  readonly recordedAt: string;
  readonly actor: Actor;
  /** The same through everything one request set off. */
  readonly correlationId: string;
  /** The id of the event or command that caused this one. */
  readonly causationId: string;
  /** W3C Trace Context, when the request had one. */
  readonly traceparent: string | null;
};

/** An event as the store gives it back. */
export type RecordedEvent = NewEvent & {
  readonly stream: StreamName;
  /** Counts from 0 within the stream. */
  readonly revision: bigint;
  readonly position: Position;
  /** `hash` of the event before it in its stream; 64 zeros for the first. */
  readonly prevHash: string;
  /** SHA-256 over the canonical envelope, without `hash` and `position`. */
  readonly hash: string;
};
