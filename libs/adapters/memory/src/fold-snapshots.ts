import { deserialize, serialize } from 'node:v8';
import type { FoldSnapshots } from '#events';

/** Copies of folds in memory: what is given and what comes back share nothing. */
export const createMemoryFoldSnapshots = ({ everyEvents }: { readonly everyEvents: number }): FoldSnapshots => {
  const kept = new Map<string, Uint8Array>();
  return {
    everyEvents,
    load: async (fold) => {
      const copy = kept.get(fold);
      return copy === undefined ? null : deserialize(copy);
    },
    save: async (fold, snapshot) => void kept.set(fold, serialize(snapshot)),
  };
};
