import {
  type Checkpoints,
  ConcurrencyConflict,
  type EventId,
  type EventStore,
  type Ids,
  idOf,
  type KeyVault,
  type NewEvent,
} from '#events';
import type { Random } from './random.ts';

/** A mistake put into the simulated network, to show that the invariants notice it. Production code holds none of them. */
export const plantedBugs = [
  'append-ignores-expected-revision',
  'random-hold-ids',
  'reservation-skips-capacity',
  'acknowledged-append-is-lost',
  'half-an-append-is-recorded',
  'checkpoint-runs-ahead',
  'timers-are-dropped',
  'miner-relaunches-boot',
  'absent-spec-removes',
  'exit-is-not-cleared',
  'any-generation-reports',
  'crash-loops-never-end',
  'deadline-destroys',
  'projection-reads-a-clock',
  'deposit-counts-twice',
  'parked-is-forgotten',
  'spec-is-folded-early',
  'key-to-any-guest',
  'old-verdicts-release',
  'bad-verdicts-release',
  'older-volumes-open',
  'key-goes-before-its-vm',
  'former-copy-stays',
] as const;
export type PlantedBug = (typeof plantedBugs)[number];

type Append = EventStore['append'];
export type Soil = {
  readonly store: EventStore;
  readonly vault: Pick<KeyVault, 'destroy'>;
  readonly ids: Ids;
  readonly random: Random;
};

/** The store as a buggy program would use it. Without a bug of its kind, the store itself. */
export const plantInStore = ({ store, vault, ids, random }: Soil, bug: PlantedBug | null): EventStore => {
  const through = (change: (event: NewEvent) => NewEvent): EventStore => ({
    ...store,
    append: (stream, events, expected) => store.append(stream, events.map(change), expected),
  });
  switch (bug) {
    case 'append-ignores-expected-revision':
      return { ...store, append: ignoringRevision(store) };
    case 'random-hold-ids':
      return through((event) =>
        event.type === 'CreditsHeld'
          ? { ...event, eventId: ids.uuid() as EventId, data: { ...event.data, holdId: ids.uuid() } }
          : event,
      );
    case 'reservation-skips-capacity':
      return through(reserved);
    case 'acknowledged-append-is-lost':
      return { ...store, append: losing(store, random) };
    case 'half-an-append-is-recorded':
      return {
        ...store,
        append: (stream, events, expected) =>
          store.append(stream, events.length > 1 && random.chance(0.1) ? events.slice(0, 1) : events, expected),
      };
    case 'parked-is-forgotten':
      return { ...store, append: forgettingParked(store) };
    case 'key-goes-before-its-vm':
      return { ...store, append: destroyingEarly(store, vault) };
    default:
      return store;
  }
};

const ignoringRevision =
  (store: EventStore): Append =>
  async (stream, events, expected) => {
    try {
      return await store.append(stream, events, expected);
    } catch (error) {
      if (!(error instanceof ConcurrencyConflict) || error.duplicateId !== null) throw error;
      return store.append(stream, events, error.actual);
    }
  };

const losing =
  (store: EventStore, random: Random): Append =>
  async (stream, events, expected) => {
    const head = await store.head();
    const isLost = random.chance(0.05) && head !== null && events[0]?.actor === 'owner:simulated';
    if (!isLost) return store.append(stream, events, expected);
    return { revision: (expected === 'no-stream' ? -1n : expected) + BigInt(events.length), position: head };
  };

const forgettingParked =
  (store: EventStore): Append =>
  async (stream, events, expected) => {
    const head = await store.head();
    if (events[0]?.type !== 'EventParked' || head === null) return store.append(stream, events, expected);
    return { revision: (expected === 'no-stream' ? -1n : expected) + 1n, position: head };
  };

const destroyingEarly =
  (store: EventStore, vault: Soil['vault']): Append =>
  async (stream, events, expected) => {
    const appended = await store.append(stream, events, expected);
    if (events.some(({ type }) => type === 'VmStopRequested')) await vault.destroy(idOf(stream));
    return appended;
  };

const reserved = (event: NewEvent): NewEvent => {
  if (event.type !== 'AllocationRefused') return event;
  const { vmId = '', generation = 0, wanted = {} } = event.data;
  return { ...event, type: 'AllocationReserved', data: { vmId, generation, size: wanted } };
};

/** Checkpoints as a buggy program would use them. */
export const plantInCheckpoints = (
  checkpoints: Checkpoints,
  { store, random }: Pick<Soil, 'store' | 'random'>,
  bug: PlantedBug | null,
): Checkpoints => {
  if (bug !== 'checkpoint-runs-ahead') return checkpoints;
  return {
    load: checkpoints.load,
    save: async (consumer, position) => {
      // Not the relay's: it finds by itself what the bus lacks, so that mistake of it heals.
      const runsAhead = consumer !== 'relay' && random.chance(0.3);
      return checkpoints.save(consumer, runsAhead ? await store.head() : position);
    },
  };
};
