import { appraisal, device, type Miner, miner, type PolicyState, policy, type UnixMs } from '#domain';
import {
  aggregates,
  categoryOf,
  createKeptFold,
  createReputations,
  type EventStore,
  emptyReputations,
  type FoldSnapshots,
  idOf,
  type RecordedEvent,
  type Reputations,
  type ReputationsState,
  type Sink,
  UnknownEvent,
} from '#events';
import type { Folded } from '../attesters/attesters.ts';
import type { FoldedDevice } from './devices.ts';

/** What is known of one miner here: enough to know when its evidence is due. */
export type KnownMiner = {
  readonly state: Miner;
  /** When its agent first came. */
  readonly attachedAt: UnixMs | null;
  /** When it was last heard of again after it had been lost; `null` while it never was. */
  readonly backAt: UnixMs | null;
};

/** What the log says about who attests, and by which policies. A fold in memory of what is live. */
export type World = {
  readonly policies: ReadonlyMap<string, NonNullable<PolicyState>>;
  readonly miners: ReadonlyMap<string, KnownMiner>;
  /** Of miners; guests are read when they come. */
  readonly attesters: ReadonlyMap<string, Folded>;
  /** By the id of the stream. */
  readonly devices: ReadonlyMap<string, FoldedDevice>;
  readonly reputations: Reputations;
};

/** {@link World} as data, a copy of which brings it back. */
type WorldState = {
  readonly policies: Map<string, NonNullable<PolicyState>>;
  readonly miners: Map<string, KnownMiner>;
  readonly attesters: Map<string, Folded>;
  readonly devices: Map<string, FoldedDevice>;
  readonly reputations: ReputationsState;
};

const nothingKnown = (): WorldState => ({
  ...{ policies: new Map(), miners: new Map(), attesters: new Map(), devices: new Map() },
  reputations: emptyReputations(),
});

/** {@link World} as a sink without a checkpoint. `changed` hears of each stream that it took in, but for what a copy had. */
export const createWorld = (
  parts: { readonly store: EventStore; readonly snapshots: FoldSnapshots },
  changed: (event: RecordedEvent) => void = () => undefined,
): Sink & { readonly world: () => World } => {
  const kept = createKeptFold({ ...parts, name: 'attestation-world', initial: nothingKnown, absorb: readPast });
  const worldOf = (state: WorldState): World => ({ ...state, reputations: createReputations(state.reputations) });
  let world = worldOf(kept.state());

  return {
    world: () => world,
    load: async () => {
      const position = await kept.begin();
      world = worldOf(kept.state());
      return position;
    },
    restore: async (until, past) => {
      await kept.restore(until, past);
      world = worldOf(kept.state());
    },
    apply: (recorded) => {
      if (absorb(kept.state(), recorded)) {
        world.reputations.apply(recorded);
        changed(recorded);
      }
      kept.took(recorded);
    },
    commit: (_position, without) => kept.keep(without),
  };
};

/** Takes in what was handled before; `false` for what this build cannot read. */
const readPast = (state: WorldState, recorded: RecordedEvent): boolean => {
  try {
    if (absorb(state, recorded)) createReputations(state.reputations).apply(recorded);
    return true;
  } catch (error) {
    if (error instanceof UnknownEvent) return false;
    throw error;
  }
};

/** Whether the event may change a score or when somebody's evidence is due. Throws UnknownEvent. */
const absorb = (state: WorldState, recorded: RecordedEvent): boolean => {
  switch (categoryOf(recorded.stream)) {
    case 'miner':
      takeMiner(state, recorded);
      return true;
    case 'appraisal':
      takeAppraisal(state, recorded);
      return true;
    case 'policy':
      takePolicy(state, recorded);
      return true;
    case 'device':
      takeDevice(state, recorded);
      return false;
    default:
      return false;
  }
};

const takeMiner = ({ miners }: WorldState, recorded: RecordedEvent): void => {
  const id = idOf(recorded.stream);
  const before = miners.get(id);
  const event = aggregates.miner.codec.decode(recorded);
  const state = miner.evolve(before?.state ?? null, event);
  if (state === null) return;
  const at = Date.parse(recorded.recordedAt);
  const attachedAt = before?.attachedAt ?? (event.type === 'MinerAttached' ? at : null);
  const isBack = before !== undefined && before.state.lost !== null && state.lost === null;
  miners.set(id, { state, attachedAt, backAt: isBack ? at : (before?.backAt ?? null) });
};

const takeAppraisal = ({ miners, attesters }: WorldState, recorded: RecordedEvent): void => {
  const id = idOf(recorded.stream);
  // A VM is judged when it starts and awaited by nobody: only miners are followed.
  if (!miners.has(id)) return;
  const state = appraisal.evolve(attesters.get(id)?.state ?? null, aggregates.appraisal.codec.decode(recorded));
  if (state !== null) attesters.set(id, { state, nextRevision: recorded.revision + 1n });
};

const takeDevice = ({ devices }: WorldState, recorded: RecordedEvent): void => {
  const id = idOf(recorded.stream);
  const state = device.evolve(devices.get(id)?.state ?? device.initial, aggregates.device.codec.decode(recorded));
  devices.set(id, { state, nextRevision: recorded.revision + 1n });
};

const takePolicy = ({ policies }: WorldState, recorded: RecordedEvent): void => {
  const id = idOf(recorded.stream);
  const state = policy.evolve(policies.get(id) ?? null, aggregates.policy.codec.decode(recorded));
  if (state !== null) policies.set(id, state);
};
