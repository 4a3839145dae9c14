import { Controller, Inject, Res } from '@nestjs/common';
import { type MinerId, Refusal, weightsOf, weightTotal } from '#domain';
import { type Clock, type EventStore, isoTime, skippedEvents } from '#events';
import { miners } from '../../projections/miners.projection.ts';
import { reputationConsumer, reputationsAt } from '../../projections/reputation.ts';
import { CLOCK, PAST, SCORES, STORE } from '../../tokens.ts';
import { type Moment, notThen, type Past, staleThen, timeOf } from '../past.ts';
import type { HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, json, route } from '../route.ts';
import { readQuery } from '../schemas/door.ts';
import { minerPath } from '../schemas/miners.ts';
import { asOfView, momentRefusals, readAtQuery } from '../schemas/moments.ts';
import type { Scores } from '../scores.ts';
import { reputationAnswer, reputationView, weightsAnswer } from '../views/reputation.view.ts';

const showReputation = route({
  method: 'GET',
  path: '/v1/miners/:minerId/reputation',
  summary: "A miner's score, opened into the events it comes from",
  roles: ['operator', 'viewer'],
  params: minerPath,
  query: readAtQuery,
  answer: json(reputationAnswer),
  refusals: ['miner-not-found', ...momentRefusals],
});

const showWeights = route({
  method: 'GET',
  path: '/v1/weights',
  summary: 'The scores of all miners as whole weights that sum to a fixed total, for settlement',
  roles: ['operator', 'viewer'],
  query: readQuery,
  answer: json(weightsAnswer),
  refusals: [],
});

@Controller()
export class ReputationController {
  constructor(
    @Inject(STORE) private readonly store: EventStore,
    @Inject(SCORES) private readonly scores: Scores,
    @Inject(PAST) private readonly past: Past,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Answers(showReputation)
  async show(
    @Asked(showReputation) { params: { minerId }, query }: AskedOf<typeof showReputation>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    if (query.at !== undefined) return this.showPast(minerId, await this.past.at(query.at));
    await this.scores.upTo(query.atLeast, reply);
    const reputations = this.scores.reputations();
    const found = reputations.of(minerId);
    if (found === null)
      throw new Refusal('miner-not-found', `there is no miner ${minerId}; \`hcc miner ls\` lists them`);
    return reputationView(minerId, found, reputations.rules(), this.clock.now());
  }

  @Answers(showWeights)
  async weights(
    @Asked(showWeights) { query }: AskedOf<typeof showWeights>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    await this.scores.upTo(query.atLeast, reply);
    const now = this.clock.now();
    const reputations = this.scores.reputations();
    const scores = reputations.scores(now);
    const weights = [...weightsOf(scores)].map(([id, weight]) => ({ minerId: id, score: scores.get(id) ?? 0, weight }));
    return { at: isoTime(now), total: weightTotal, policyVersion: reputations.rules().version, weights };
  }

  private async showPast(minerId: MinerId, at: Moment) {
    const miner = await this.past.row(miners, minerId, at);
    const skipped = await skippedEvents({ store: this.store, clock: this.clock }, reputationConsumer);
    const { reputations, unread } = await reputationsAt(this.store, minerId, at.position, skipped);
    const found = reputations.of(minerId);
    if (found === null && unread !== null) throw unread.error;
    if (miner === null || found === null) throw notThen('miner-not-found', `miner ${minerId}`, at);
    // What cannot be read may be what ended a silence: none of what came after is counted.
    const then = unread === null ? timeOf(at, miner) : Date.parse(unread.event.recordedAt);
    const view = reputationView(minerId, found, reputations.rules(), then);
    return { ...view, stale: staleThen({ unread }), asOf: asOfView(at, miner) };
  }
}
