import { createKeptFold, type EventStore, type FoldSnapshots, type Sink } from '#events';
import { decodeKnown, tryDecode } from './decoded.ts';
import type { Process } from './process.ts';

/** A fold without a checkpoint, which gives no commands: it begins where its newest copy stands, or at the beginning of the log. */
export const ephemeralSink = <State>(
  process: Process<State>,
  { store, snapshots }: { readonly store: EventStore; readonly snapshots: FoldSnapshots },
): Sink & { readonly state: () => State } => {
  const kept = createKeptFold({
    ...{ name: process.name, store, snapshots, initial: process.initial },
    absorb: (state, recorded) => {
      const known = tryDecode(recorded);
      if (known !== null) process.absorb(state, known);
      return known !== null;
    },
  });
  return {
    state: kept.state,
    load: kept.begin,
    restore: kept.restore,
    apply: (recorded) => {
      process.absorb(kept.state(), decodeKnown(recorded));
      kept.took(recorded);
    },
    commit: (_position, without) => kept.keep(without),
  };
};
