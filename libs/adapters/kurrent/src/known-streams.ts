import { genesisHash, type StreamName } from '#events';
import { knownIdsMax } from './limits.ts';
import type { ChainEnd, ChainLink } from './records.ts';

/** What is known of a stream: a beginning of it, which can be behind and never wrong. */
export type Known = ChainEnd & { readonly ids: ReadonlySet<string> };

/**
 * Ends and event ids of the streams used last. An append needs both; who reads a stream and then appends to it, as
 * every command does, has them already.
 */
export type KnownStreams = {
  of(stream: StreamName): Known;
  /** Takes what follows on what is known. `false`: a link does not hold, or something is missing before it. */
  learn(stream: StreamName, links: readonly ChainLink[]): boolean;
};

/** Knows nothing yet; forgets the longest unused streams past so many ids. */
export const createKnownStreams = (idsMax = knownIdsMax): KnownStreams => {
  const streams = new Map<StreamName, { revision: bigint; hash: string; ids: Set<string> }>();
  let ids = 0;
  const forgetOldest = (): void => {
    for (const [stream, known] of streams) {
      if (ids <= idsMax || streams.size === 1) return;
      streams.delete(stream);
      ids -= known.ids.size;
    }
  };
  return {
    of: (stream) => streams.get(stream) ?? nothing,
    learn: (stream, links) => {
      const known = streams.get(stream) ?? { ...nothing, ids: new Set<string>() };
      let isWhole = true;
      for (const { revision, hash, prevHash, eventId } of links) {
        if (revision <= known.revision) continue;
        isWhole = revision === known.revision + 1n && prevHash === known.hash;
        if (!isWhole) break;
        Object.assign(known, { revision, hash });
        known.ids.add(eventId);
        ids += 1;
      }
      if (known.ids.size > 0) {
        // Put in again, it is the youngest.
        streams.delete(stream);
        streams.set(stream, known);
      }
      forgetOldest();
      return isWhole;
    },
  };
};

const nothing: Known = { revision: -1n, hash: genesisHash, ids: new Set() };
