import { type ChainFault, genesisHash } from '../chain.ts';
import type { StreamName } from '../envelope.ts';
import { emptyLogHash, extendLogHash, type SignedHead } from './log-head.ts';

/** An event to be verified: what it says of itself, and the hash that its content has. */
export type ClaimedEvent = {
  readonly position: string;
  readonly stream: StreamName;
  readonly revision: bigint;
  readonly eventId: string;
  readonly prevHash: string;
  readonly hash: string;
  readonly computed: string;
};

/** Where a log and the signed heads kept outside it part. */
export type HeadFault = {
  /** The head that the log does not meet. */
  readonly position: string;
  readonly signedAt: string;
  /**
   * `missing`: streams are shorter than they were, or gone. `order`: every stream is as long as it was, but the log is in
   * another order or has other events. `store`: the head is of another store.
   */
  readonly fault: 'missing' | 'order' | 'store';
  readonly eventsThen: number;
  /** Streams that lack events, each with the revision it had and the one it has; `null` where the stream is gone. */
  readonly streams: readonly { readonly stream: string; readonly had: number; readonly has: number | null }[];
};

export type LogVerdict = {
  readonly events: number;
  readonly streams: number;
  /** The first event, in the order of the log, that is not what was recorded; `null` when all are. */
  readonly fault: ChainFault | null;
  /** `null` when no heads were given. */
  readonly heads: {
    readonly checked: number;
    /** Events after the last head: nobody would see them removed. */
    readonly uncovered: number;
    readonly fault: HeadFault | null;
  } | null;
};

/** Streams named of one fault; the rest is in the number. */
const streamsNamedMax = 20;

/**
 * Follows every stream's chain through a log, and holds it against the heads signed while it grew. Takes events in the
 * order of the log until `take` answers `false`: then it has seen enough. Remembers one entry per stream.
 */
export const createLogVerifier = (storeId: string, heads: AsyncIterator<SignedHead> | null) => {
  const links = new Map<string, { readonly revision: bigint; readonly hash: string }>();
  const promised = new Map<string, number>();
  let [events, covered, checked] = [0, 0, 0];
  let logHash = emptyLogHash;
  let fault: ChainFault | null = null;
  let headFault: HeadFault | null = null;
  let next: SignedHead | null | undefined;

  const advance = async (): Promise<void> => {
    const read = heads === null ? null : await heads.next();
    const head = read === null || read.done === true ? null : read.value;
    for (const [stream, revision] of head?.streams ?? []) promised.set(stream, revision);
    if (head !== null && head.storeId !== storeId) headFault = partedAt(head, 'store', []);
    next = head;
  };

  const lacking = (): HeadFault['streams'] =>
    [...promised]
      .map(([stream, had]) => ({ stream, had, has: links.get(stream)?.revision ?? null }))
      .filter(({ had, has }) => has === null || has < BigInt(had))
      .map(({ stream, had, has }) => ({ stream, had, has: has === null ? null : Number(has) }));

  const meet = async (head: SignedHead): Promise<void> => {
    const missing = lacking();
    if (missing.length > 0) headFault = partedAt(head, 'missing', missing);
    else if (head.events !== events || head.logHash !== logHash) headFault = partedAt(head, 'order', []);
    checked += 1;
    covered = events;
    await advance();
  };

  return {
    take: async (event: ClaimedEvent): Promise<boolean> => {
      if (next === undefined) await advance();
      events += 1;
      fault = linkFault(event, links.get(event.stream));
      if (fault !== null) return false;
      links.set(event.stream, event);
      logHash = extendLogHash(logHash, event);
      if (next?.position === event.position) await meet(next);
      return headFault === null;
    },
    /** For what only the store's own adapter can see. */
    found: (other: ChainFault): void => {
      fault ??= other;
    },
    /** The whole verdict, after the last event. */
    end: async (): Promise<LogVerdict> => {
      if (next === undefined) await advance();
      // A head that the log never came to: what was there then is not there now.
      if (next && fault === null && headFault === null) headFault = partedAt(next, 'missing', lacking());
      const verdict = { checked, uncovered: events - covered, fault: headFault };
      return { events, streams: links.size, fault, heads: heads === null ? null : verdict };
    },
  };
};

const linkFault = (
  event: ClaimedEvent,
  before: { readonly revision: bigint; readonly hash: string } = { revision: -1n, hash: genesisHash },
): ChainFault | null => {
  const at = { stream: event.stream, revision: event.revision, eventId: event.eventId };
  if (event.revision !== before.revision + 1n) return { ...at, fault: 'revision' };
  if (event.prevHash !== before.hash) return { ...at, fault: 'prev-hash' };
  return event.computed === event.hash ? null : { ...at, fault: 'hash' };
};

const partedAt = (head: SignedHead, fault: HeadFault['fault'], streams: HeadFault['streams']): HeadFault => ({
  position: head.position,
  signedAt: head.signedAt,
  eventsThen: head.events,
  fault,
  streams: streams.slice(0, streamsNamedMax),
});
