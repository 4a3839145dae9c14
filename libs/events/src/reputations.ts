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
import type { RecordedEvent } from './envelope.ts';
import { categoryOf, idOf } from './names.ts';
import { readReputationPolicy } from './policy-documents.ts';

/** Everybody's reputation, by the events of the log in their order. In memory, and as large as there are miners. */
export type Reputations = {
  /** Takes one more event; what says nothing about trust is gone past. Throws UnknownEvent. */
  apply(recorded: RecordedEvent): void;
  /** `null` for who was never invited. */
  of(minerId: string): Reputation | null;
  /** A score with the silence until then; 0 for who was never invited. */
  scoreOf(minerId: string, at: UnixMs): number;
  scores(at: UnixMs): ReadonlyMap<string, number>;
  /** What holds now. */
  rules(): ReputationRules;
};

/** A fold of the whole log: give it every event once, in order. */
export const createReputations = (): Reputations => {
  const miners = new Map<string, Reputation>();
  let rules: ReputationRules = { policy: standardReputation, version: 0 };

  const takePolicy = (recorded: RecordedEvent): void => {
    const { version, document } = aggregates.policy.codec.decode(recorded);
    const policy = readable(document);
    if (policy === null) return;
    for (const [minerId, before] of miners) miners.set(minerId, underNewRules(before, causeOf(recorded), rules));
    rules = { policy, version };
  };

  return {
    apply: (recorded) => {
      const category = categoryOf(recorded.stream);
      const id = idOf(recorded.stream);
      if (category === 'policy' && id === 'reputation') takePolicy(recorded);
      // A guest's attester is nobody's reputation.
      if (category === 'appraisal' && !miners.has(id)) return;
      if (category !== 'miner' && category !== 'appraisal') return;
      const event = aggregates[category].codec.decode(recorded);
      miners.set(id, reputationAfter(miners.get(id) ?? null, event, causeOf(recorded), rules));
    },
    of: (minerId) => miners.get(minerId) ?? null,
    scoreOf: (minerId, at) => scored(miners.get(minerId), rules, at),
    scores: (at) => new Map([...miners].map(([minerId, one]) => [minerId, scored(one, rules, at)])),
    rules: () => rules,
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
