import { z } from 'zod';
import {
  type Reason,
  type Reputation,
  type ReputationRules,
  type Slashing,
  scoreAt,
  scoreMax,
  type UnixMs,
} from '#domain';
import { instant, isoTime, minerId, proposalId, revision, slashingGround, slashingOutcome } from '#events';
import { asOf } from '../schemas/moments.ts';
import { staleAnswer } from './stale.view.ts';

const parts = z.int().describe(`In parts of ${scoreMax}`);

const reasonAnswer = z.strictObject({
  eventId: z.string(),
  stream: z.string(),
  revision,
  type: z.string(),
  at: instant,
  code: z.string().describe('Why, in one stable word'),
  delta: parts,
  score: parts.describe('After it'),
  policyVersion: z.int().describe('Of policy reputation; 0 is the built-in one'),
});

export const reputationAnswer = z
  .strictObject({
    minerId,
    score: parts.describe('Now, with the silence since its last event'),
    start: parts.describe('What it began with'),
    earlier: parts.describe('Sum of the changes before those in reasons'),
    silence: parts.describe(
      'What the silence since its last event costs so far; start, earlier, reasons and this make the score',
    ),
    policyVersion: z.int(),
    reasons: z.array(reasonAnswer).describe('Oldest first: the last losses and the last gains'),
    stale: staleAnswer
      .nullish()
      .describe('Of a score of then: the event that could not be read, as of which the score is'),
    asOf: asOf.optional(),
  })
  .meta({ id: 'Reputation' });

/** A score, opened into what it comes from. */
export const reputationView = (
  id: string,
  reputation: Reputation,
  { policy, version }: ReputationRules,
  now: UnixMs,
): z.input<typeof reputationAnswer> => {
  const score = scoreAt(reputation, policy, now);
  const { start, earlier, losses, gains } = reputation;
  const reasons = [...losses, ...gains].sort((a, b) => a.at - b.at);
  return {
    ...{ minerId: id, score, start, earlier, silence: score - reputation.score, policyVersion: version },
    reasons: reasons.map(reasonView),
  };
};

const reasonView = ({ at, revision: number, ...reason }: Reason): z.input<typeof reasonAnswer> => ({
  ...reason,
  ...{ at: isoTime(at), revision: number.toString() },
});

export const weightsAnswer = z
  .strictObject({
    at: instant,
    total: z.int().describe('What the weights sum to, unless nobody has a score'),
    policyVersion: z.int(),
    weights: z.array(z.strictObject({ minerId, score: parts, weight: z.int() })),
  })
  .meta({ id: 'Weights' });

export const slashingAnswer = z
  .strictObject({
    proposalId,
    ground: slashingGround,
    appraisalId: z.string(),
    needsCorroboration: z.boolean().describe('It is never upheld by itself'),
    state: z.enum(['proposed', 'appealed', 'upheld', 'withdrawn']),
    appeal: z.string().nullable(),
    decision: z.strictObject({ outcome: slashingOutcome, reason: z.string() }).nullable(),
  })
  .meta({ id: 'Slashing' });

/** A proposal and how far it has come. */
export const slashingView = (slashing: Slashing): z.input<typeof slashingAnswer> => {
  const { appeal, decision } = slashing;
  return { ...slashing, state: decision?.outcome ?? (appeal === null ? 'proposed' : 'appealed') };
};
