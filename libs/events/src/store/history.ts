import { streamName } from '../names.ts';
import type { EventStore } from '../ports/event-store.ts';

const network = streamName('network', 'main');

/**
 * Whether anything was ever recorded beside what the network is, which each first start says before it has checkpoints: a
 * consumer without one on such a store has lost nothing.
 */
export const hasHistory = async (store: Pick<EventStore, 'head' | 'readAll'>): Promise<boolean> => {
  if ((await store.head()) === null) return false;
  const { events } = await store.readAll({ limit: 2 });
  return events.some(({ stream }) => stream !== network);
};
