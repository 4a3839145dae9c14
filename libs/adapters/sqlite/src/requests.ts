import type { UnixMs } from '#domain';
import type { AdmittedEvent, EventId, StoreFault, StreamName } from '#events';

// What crosses between the store and its writer thread. Revisions and counts are numbers: they stay far under 2^53.

export type AppendRequest = {
  readonly kind: 'append';
  readonly stream: StreamName;
  /** The revision the first event is to get. */
  readonly first: number;
  readonly events: readonly AdmittedEvent[];
};

export type AcquireLease = {
  readonly kind: 'acquire-lease';
  readonly name: string;
  readonly holder: string;
  readonly now: UnixMs;
  readonly expiresAt: UnixMs;
};

export type WriteRequest =
  | AppendRequest
  | { readonly kind: 'save-checkpoint'; readonly consumer: string; readonly count: number | null }
  | AcquireLease
  | { readonly kind: 'release-lease'; readonly name: string; readonly holder: string };

export type AppendResult =
  | { readonly kind: 'appended'; readonly revision: number; readonly count: number }
  /** `actual` is `null` when there is no such stream. */
  | { readonly kind: 'conflict'; readonly actual: number | null; readonly duplicateId: EventId | null };

export type WriteResult =
  | AppendResult
  | { readonly kind: 'done' }
  | { readonly kind: 'lease'; readonly token: number | null };

export type Failed = { readonly kind: 'failed'; readonly fault: StoreFault; readonly detail: string };

export type ToWriter =
  | { readonly kind: 'write'; readonly requests: readonly WriteRequest[] }
  | { readonly kind: 'close' };

/** Results come in the order of the requests. */
export type FromWriter =
  | { readonly kind: 'ready'; readonly storeId: string }
  | Failed
  | { readonly kind: 'written'; readonly results: readonly (WriteResult | Failed)[] };

export type WriterStart = { readonly file: string; readonly newStoreId: string };
