import { type Checkpoints, ConcurrencyConflict, type EventId, type EventStore, type Ids, type NewEvent } from '#events';
import type { PlantedBug } from './plan.ts';
import type { Random } from './random.ts';

/** The store as a buggy program would use it. Without a bug of its kind, the store itself. */
export const plantInStore = (store: EventStore, bug: PlantedBug | null, ids: Ids, random: Random): EventStore => {
  switch (bug) {
    case 'append-ignores-expected-revision':
      return {
        ...store,
        append: async (stream, events, expected) => {
          try {
            return await store.append(stream, events, expected);
          } catch (error) {
            if (!(error instanceof ConcurrencyConflict) || error.duplicateId !== null) throw error;
            return store.append(stream, events, error.actual);
          }
        },
      };
    case 'random-hold-ids':
      return {
        ...store,
        append: (stream, events, expected) => store.append(stream, events.map(randomHold(ids)), expected),
      };
    case 'reservation-skips-capacity':
      return { ...store, append: (stream, events, expected) => store.append(stream, events.map(reserved), expected) };
    case 'acknowledged-append-is-lost':
      return {
        ...store,
        append: async (stream, events, expected) => {
          const head = await store.head();
          const isLost = random.chance(0.05) && head !== null && events[0]?.actor === 'owner:simulated';
          if (!isLost) return store.append(stream, events, expected);
          return { revision: (expected === 'no-stream' ? -1n : expected) + BigInt(events.length), position: head };
        },
      };
    default:
      return store;
  }
};

/** Checkpoints as a buggy program would use them. */
export const plantInCheckpoints = (
  checkpoints: Checkpoints,
  bug: PlantedBug | null,
  store: EventStore,
  random: Random,
): Checkpoints =>
  bug !== 'checkpoint-runs-ahead'
    ? checkpoints
    : {
        load: checkpoints.load,
        save: async (consumer, position) =>
          checkpoints.save(consumer, random.chance(0.1) ? await store.head() : position),
      };

const randomHold =
  (ids: Ids) =>
  (event: NewEvent): NewEvent =>
    event.type === 'CreditsHeld'
      ? { ...event, eventId: ids.uuid() as EventId, data: { ...event.data, holdId: ids.uuid() } }
      : event;

const reserved = (event: NewEvent): NewEvent => {
  if (event.type !== 'AllocationRefused') return event;
  const { vmId = '', generation = 0, wanted = {} } = event.data;
  return { ...event, type: 'AllocationReserved', data: { vmId, generation, size: wanted } };
};
