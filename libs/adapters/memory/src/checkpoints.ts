import type { Checkpoints, EventStore, Position } from '#events';

/** Checkpoints in memory, for tests and the simulator. With a store given, refuses positions that are not of it. */
export const createMemoryCheckpoints = (store?: Pick<EventStore, 'parsePosition'>): Checkpoints => {
  const saved = new Map<string, Position | null>();
  return {
    load: async (consumer) => {
      const position = saved.get(consumer);
      return position === undefined ? 'none' : position;
    },
    save: async (consumer, position) => {
      saved.set(consumer, position === null || store === undefined ? position : store.parsePosition(position));
    },
  };
};
