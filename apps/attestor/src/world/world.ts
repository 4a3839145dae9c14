import { type Attester, appraisal, type Miner, miner, type PolicyState, policy, type UnixMs } from '#domain';
import {
  aggregates,
  categoryOf,
  createReputations,
  idOf,
  type RecordedEvent,
  type Reputations,
  type Sink,
} from '#events';

/** What is known of one miner here: enough to know when its evidence is due. */
export type KnownMiner = {
  readonly state: Miner;
  /** When its agent first came. */
  readonly attachedAt: UnixMs | null;
};

/** What the log says about who attests, and by which policies. A fold in memory of what is live. */
export type World = {
  readonly policies: ReadonlyMap<string, NonNullable<PolicyState>>;
  readonly miners: ReadonlyMap<string, KnownMiner>;
  /** Without what they showed: only when they were judged and are due. */
  readonly attesters: ReadonlyMap<string, Attester>;
  readonly reputations: Reputations;
};

/** {@link World} as a sink that reads the log from the beginning at every start. `changed` hears of each stream it took in. */
export const createWorld = (
  changed: (event: RecordedEvent) => void = () => undefined,
): Sink & { readonly world: () => World } => {
  let policies = new Map<string, NonNullable<PolicyState>>();
  let miners = new Map<string, KnownMiner>();
  let attesters = new Map<string, Attester>();
  let reputations = createReputations();

  const takeMiner = (recorded: RecordedEvent): void => {
    const id = idOf(recorded.stream);
    const before = miners.get(id);
    const event = aggregates.miner.codec.decode(recorded);
    const state = miner.evolve(before?.state ?? null, event);
    if (state === null) return;
    const attachedAt = before?.attachedAt ?? (event.type === 'MinerAttached' ? Date.parse(recorded.recordedAt) : null);
    miners.set(id, { state, attachedAt });
  };
  const takeAppraisal = (recorded: RecordedEvent): void => {
    const id = idOf(recorded.stream);
    const state = appraisal.evolve(attesters.get(id) ?? null, aggregates.appraisal.codec.decode(recorded));
    if (state !== null) attesters.set(id, state);
  };
  const takePolicy = (recorded: RecordedEvent): void => {
    const id = idOf(recorded.stream);
    const state = policy.evolve(policies.get(id) ?? null, aggregates.policy.codec.decode(recorded));
    if (state !== null) policies.set(id, state);
  };

  return {
    world: () => ({ policies, miners, attesters, reputations }),
    load: async () => {
      policies = new Map();
      miners = new Map();
      attesters = new Map();
      reputations = createReputations();
      return null;
    },
    apply: (recorded) => {
      const category = categoryOf(recorded.stream);
      if (category === 'miner') takeMiner(recorded);
      else if (category === 'appraisal') takeAppraisal(recorded);
      else if (category === 'policy') takePolicy(recorded);
      else return;
      reputations.apply(recorded);
      changed(recorded);
    },
    commit: () => undefined,
  };
};
