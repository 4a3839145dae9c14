import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { eligibilityOf, Refusal } from '#domain';
import type { Clock } from '#events';
import { HandleMiner } from '../../handling/messages.ts';
import { attestations } from '../../projections/attestations.projection.ts';
import { minerStatusOf } from '../../projections/miner-status.ts';
import { type MinerRow, miners } from '../../projections/miners.projection.ts';
import type { RowAt } from '../../projections/row-at.ts';
import { CLOCK, LAST_SEEN, PAST, READS, SCORES, STAMP } from '../../tokens.ts';
import { accepted, commandAnswer } from '../answer.ts';
import { type Moment, nothingReadable, notThen, type Past, type PastReader, staleThen, timeOf } from '../past.ts';
import { pastList } from '../past-list.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, json, route } from '../route.ts';
import { listOptions, listView, pageOf } from '../schemas/lists.ts';
import { minerList, minerPath, newMiner } from '../schemas/miners.ts';
import { asOfView, momentRefusals, readAtQuery } from '../schemas/moments.ts';
import type { Scores } from '../scores.ts';
import type { Stamp } from '../stamp.ts';
import { type LastSeen, minerAnswer, minerView } from '../views/miner.view.ts';

const inviteMiner = route({
  method: 'POST',
  path: '/v1/miners',
  summary: 'Let a host join with a token that you made and of which this keeps the digest',
  roles: ['operator'],
  body: newMiner,
  answer: commandAnswer,
  refusals: ['miner-exists-with-other-content', 'invalid-name'],
});

const listMiners = route({
  method: 'GET',
  path: '/v1/miners',
  summary: 'Miners by age',
  roles: ['operator', 'viewer'],
  query: minerList,
  answer: json(pageOf(minerAnswer)),
  refusals: momentRefusals,
});

const showMiner = route({
  method: 'GET',
  path: '/v1/miners/:minerId',
  summary: 'One miner, its capacity and what it holds',
  roles: ['operator', 'viewer'],
  params: minerPath,
  query: readAtQuery,
  answer: json(minerAnswer),
  refusals: ['miner-not-found', 'stream-not-followed', ...momentRefusals],
});

@Controller()
export class MinersController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(READS) private readonly reads: Reads,
    @Inject(PAST) private readonly past: Past,
    @Inject(STAMP) private readonly stamp: Stamp,
    @Inject(LAST_SEEN) private readonly lastSeen: LastSeen,
    @Inject(SCORES) private readonly scores: Scores,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Answers(inviteMiner)
  async invite(
    @From() caller: Caller,
    @Asked(inviteMiner) { body, rawBody }: AskedOf<typeof inviteMiner>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const meta = this.stamp.creation(caller, 'InviteMiner', body.minerId, rawBody);
    const command = { ...body, type: 'InviteMiner', now: this.stamp.now() } as const;
    const outcome = await this.commands.execute(new HandleMiner(body.minerId, command, meta));
    return accepted(reply, outcome, `/v1/miners/${body.minerId}`);
  }

  @Answers(listMiners)
  async list(@Asked(listMiners) { query }: AskedOf<typeof listMiners>, @Res({ passthrough: true }) reply: HttpReply) {
    if (query.at !== undefined) return this.listPast(query, query.at, reply);
    await this.upTo(query.atLeast, reply);
    return listView(this.reads.rows.miners(query, listOptions(query)), (row) => this.view(row));
  }

  @Answers(showMiner)
  async show(
    @Asked(showMiner) { params: { minerId }, query }: AskedOf<typeof showMiner>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    if (query.at !== undefined) return this.showPast(minerId, query.at);
    await this.upTo(query.atLeast, reply);
    const row = this.reads.rows.miner(minerId);
    if (row === null) this.reads.demandFollowed('miner', minerId);
    if (row === null) throw new Refusal('miner-not-found', `there is no miner ${minerId}; \`hcc miner ls\` lists them`);
    return this.view(row);
  }

  /** A row says what the read model has, and its score what the reputations have. */
  private async upTo(atLeast: string | undefined, reply: HttpReply): Promise<void> {
    await this.scores.upTo(atLeast, reply);
    await this.reads.upTo(atLeast, reply);
  }

  /** Beats are no events: when it was last heard at a moment of the past nobody knows. */
  private async showPast(minerId: string, text: string) {
    const at = await this.past.at(text);
    const reader = await this.past.reader(at);
    const found = await reader.soFar(miners, minerId);
    if (found === null) throw notThen('miner-not-found', `miner ${minerId}`, at);
    return this.pastView(reader, found, at);
  }

  private async listPast(query: AskedOf<typeof listMiners>['query'], text: string, reply: HttpReply) {
    const { status, eligible, name } = query;
    const at = await this.past.at(text);
    await this.reads.upTo(at.position, reply);
    const reader = await this.past.reader(at);
    const page = await pastList(
      {
        ...{ reader, projection: miners },
        candidates: (options) => this.reads.rows.miners({}, options),
        placeOf: ({ miner, invitedAt }) => [invitedAt, miner.minerId],
        isWanted: ({ miner }) =>
          (status === undefined || minerStatusOf(miner) === status) &&
          (eligible === undefined || eligibilityOf(miner).eligible === eligible) &&
          (name === undefined || miner.name === name),
      },
      listOptions(query),
    );
    const rows = await Promise.all(page.rows.map((found) => this.pastView(reader, found, at)));
    return listView({ rows, next: page.next }, (row) => row);
  }

  private async pastView(reader: PastReader, found: RowAt<MinerRow>, at: Moment) {
    const judged = await reader.soFar(attestations, found.row.miner.minerId).catch(nothingReadable);
    const trust = { row: judged?.row ?? null, score: null, at: timeOf(at, found) };
    return { ...minerView(found.row, null, staleThen(found), trust), asOf: asOfView(at, found) };
  }

  private view(row: MinerRow) {
    const { minerId } = row.miner;
    const at = this.clock.now();
    const score = this.scores.reputations().scoreOf(minerId, at);
    const trust = { row: this.reads.rows.attestation(minerId), score, at };
    return minerView(row, this.lastSeen(minerId), this.reads.stale('miner', minerId), trust);
  }
}
