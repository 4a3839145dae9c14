import {
  type Reputation,
  type ReputationCause,
  type ReputationRules,
  reputationAfter,
  scoreAt,
  standardReputation,
  type UnixMs,
  underNewRules,
} from '#domain';
import { aggregates } from './aggregates.ts';
import type { RecordedEvent, StreamName } from './envelope.ts';
import { categoryOf, idOf } from './names.ts';
import { readReputationPolicy } from './policy-documents.ts';

/** Everybody's reputation, by the events of the log in their order. In memory, and as large as there are miners. */
export type Reputations = {
  /** Takes one more event; what says nothing about trust is gone past. Throws UnknownEvent. */
  apply(recorded: RecordedEvent): void;
  /** Whether an event of a stream that counts was taken. */
  has(stream: StreamName, revision: bigint): boolean;
  /** `null` for who was never invited. */
  of(minerId: string): Reputation | null;
  /** A score with the silence until then; 0 for who was never invited. */
  scoreOf(minerId: string, at: UnixMs): number;
  /** Of those whose agent has come: who was only invited has shown nothing. */
  scores(at: UnixMs): ReadonlyMap<string, number>;
  /** What holds now. */
  rules(): ReputationRules;
};

/** Data only: what {@link createReputations} changes in place, and a copy of which brings it back. */
export type ReputationsState = {
  readonly miners: Map<string, Reputation>;
  /** The newest revision of each stream that counts. */
  readonly taken: Map<StreamName, bigint>;
  rules: ReputationRules;
};

export const emptyReputations = (): ReputationsState => ({
  miners: new Map(),
  taken: new Map(),
  rules: { policy: standardReputation, version: 0 },
});

/** A fold of the whole log, in its order; what was taken already is gone past. */
export const createReputations = (state: ReputationsState = emptyReputations()): Reputations => {
  const { miners, taken } = state;

  const takePolicy = (recorded: RecordedEvent): void => {
    const { version, document } = aggregates.policy.codec.decode(recorded);
    const policy = readable(document);
    if (policy === null) return;
    for (const [minerId, before] of miners) miners.set(minerId, underNewRules(before, causeOf(recorded), state.rules));
    state.rules = { policy, version };
  };

  return {
    apply: (recorded) => {
      const category = categoryOf(recorded.stream);
      const id = idOf(recorded.stream);
      // A guest's attester is nobody's reputation.
      const counts = category === 'miner' || (category === 'appraisal' && miners.has(id));
      const isPolicy = category === 'policy' && id === 'reputation';
      if (!(counts || isPolicy) || (taken.get(recorded.stream) ?? -1n) >= recorded.revision) return;
      if (isPolicy) takePolicy(recorded);
      else {
        const event = aggregates[category === 'miner' ? 'miner' : 'appraisal'].codec.decode(recorded);
        miners.set(id, reputationAfter(miners.get(id) ?? null, event, causeOf(recorded), state.rules));
      }
      taken.set(recorded.stream, recorded.revision);
    },
    has: (stream, revision) => (taken.get(stream) ?? -1n) >= revision,
    of: (minerId) => miners.get(minerId) ?? null,
    scoreOf: (minerId, at) => scored(miners.get(minerId), state.rules, at),
    scores: (at) => {
      const came = [...miners].filter(([, { silentFrom }]) => silentFrom !== null);
      return new Map(came.map(([minerId, one]) => [minerId, scored(one, state.rules, at)]));
    },
    rules: () => state.rules,
  };
};

const scored = (reputation: Reputation | undefined, { policy }: ReputationRules, at: UnixMs): number =>
  reputation === undefined ? 0 : scoreAt(reputation, policy, at);

const causeOf = ({ eventId, stream, revision, recordedAt }: RecordedEvent): ReputationCause => ({
  ...{ eventId, stream, revision, at: Date.parse(recordedAt) },
});

/** A document that a newer build wrote and this one cannot read leaves the rules as they were. */
const readable = (document: unknown) => {
  try {
    return readReputationPolicy(document);
  } catch {
    return null;
  }
};
