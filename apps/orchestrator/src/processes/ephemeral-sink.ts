import type { Sink } from '#events';
import { decodeKnown } from './decoded.ts';
import type { Process } from './process.ts';

/** A fold that lives in memory only: it reads the log from the beginning at every start and gives no commands. */
export const ephemeralSink = <State>(process: Process<State>): Sink & { readonly state: () => State } => {
  let state = process.initial();
  return {
    state: () => state,
    load: async () => {
      state = process.initial();
      return null;
    },
    apply: (recorded) => process.absorb(state, decodeKnown(recorded)),
    commit: () => undefined,
  };
};
