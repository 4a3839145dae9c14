import { appraisal, device, type Miner, miner, type PolicyState, policy, type UnixMs } from '#domain';
import {
  aggregates,
  categoryOf,
  createReputations,
  idOf,
  type RecordedEvent,
  type Reputations,
  type Sink,
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

/** {@link World} as a sink that reads the log from the beginning at every start. `changed` hears of each stream it took in. */
export const createWorld = (
  changed: (event: RecordedEvent) => void = () => undefined,
): Sink & { readonly world: () => World } => {
  let policies = new Map<string, NonNullable<PolicyState>>();
  let miners = new Map<string, KnownMiner>();
  let attesters = new Map<string, Folded>();
  let devices = new Map<string, FoldedDevice>();
  let reputations = createReputations();

  const takeMiner = (recorded: RecordedEvent): void => {
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
  const takeAppraisal = (recorded: RecordedEvent): void => {
    const id = idOf(recorded.stream);
    // A VM is judged when it starts and awaited by nobody: only miners are followed.
    if (!miners.has(id)) return;
    const state = appraisal.evolve(attesters.get(id)?.state ?? null, aggregates.appraisal.codec.decode(recorded));
    if (state !== null) attesters.set(id, { state, nextRevision: recorded.revision + 1n });
  };
  const takeDevice = (recorded: RecordedEvent): void => {
    const id = idOf(recorded.stream);
    const state = device.evolve(devices.get(id)?.state ?? device.initial, aggregates.device.codec.decode(recorded));
    devices.set(id, { state, nextRevision: recorded.revision + 1n });
  };
  const takePolicy = (recorded: RecordedEvent): void => {
    const id = idOf(recorded.stream);
    const state = policy.evolve(policies.get(id) ?? null, aggregates.policy.codec.decode(recorded));
    if (state !== null) policies.set(id, state);
  };

  return {
    world: () => ({ policies, miners, attesters, devices, reputations }),
    load: async () => {
      policies = new Map();
      miners = new Map();
      attesters = new Map();
      devices = new Map();
      reputations = createReputations();
      return null;
    },
    apply: (recorded) => {
      const category = categoryOf(recorded.stream);
      if (category === 'miner') takeMiner(recorded);
      else if (category === 'appraisal') takeAppraisal(recorded);
      else if (category === 'policy') takePolicy(recorded);
      else if (category === 'device') return takeDevice(recorded);
      else return;
      reputations.apply(recorded);
      changed(recorded);
    },
    commit: () => undefined,
  };
};
