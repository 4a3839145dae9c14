import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { type MinerCommand, type MinerId, Refusal } from '#domain';
import { HandleMiner } from '../../handling/messages.ts';
import { type MinerRow, miners } from '../../projections/miners.projection.ts';
import { PAST, READS, STAMP } from '../../tokens.ts';
import { accepted, commandAnswer } from '../answer.ts';
import { partThen } from '../part-then.ts';
import type { Past } from '../past.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, json, route } from '../route.ts';
import { minerPath } from '../schemas/miners.ts';
import { allOfRow, momentRefusals, readAtQuery } from '../schemas/moments.ts';
import { slashingAppeal, slashingDecision, slashingPath } from '../schemas/trust.ts';
import type { Stamp } from '../stamp.ts';
import { slashingAnswer, slashingView } from '../views/reputation.view.ts';

const listSlashings = route({
  method: 'GET',
  path: '/v1/miners/:minerId/slashing',
  summary: 'What is proposed to be taken from a miner and for what, appeals and decisions included',
  roles: ['operator', 'viewer'],
  params: minerPath,
  query: readAtQuery,
  answer: json(allOfRow(slashingAnswer)),
  refusals: ['miner-not-found', ...momentRefusals],
});

const appealSlashing = route({
  method: 'POST',
  path: '/v1/miners/:minerId/slashing/:proposalId/appeal',
  summary: 'Say for a miner why a proposal is wrong',
  roles: ['operator'],
  params: slashingPath,
  body: slashingAppeal,
  answer: commandAnswer,
  refusals: ['miner-not-found', 'slashing-not-found', 'slashing-decided', 'invalid-name'],
});

const decideSlashing = route({
  method: 'POST',
  path: '/v1/miners/:minerId/slashing/:proposalId/decision',
  summary: 'Uphold or withdraw a proposal; one that stands on a measurement list alone cannot be upheld',
  roles: ['operator'],
  params: slashingPath,
  body: slashingDecision,
  answer: commandAnswer,
  refusals: ['miner-not-found', 'slashing-not-found', 'slashing-decided', 'slashing-not-corroborated', 'invalid-name'],
});

@Controller()
export class SlashingController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(READS) private readonly reads: Reads,
    @Inject(PAST) private readonly past: Past,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Answers(listSlashings)
  async list(
    @Asked(listSlashings) { params: { minerId }, query }: AskedOf<typeof listSlashings>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    if (query.at !== undefined)
      return partThen(this.past, query.at, { projection: miners, kind: 'miner', id: minerId }, itemsOf);
    await this.reads.upTo(query.atLeast, reply);
    const row = this.reads.rows.miner(minerId);
    if (row === null) throw new Refusal('miner-not-found', `there is no miner ${minerId}; \`hcc miner ls\` lists them`);
    return { ...itemsOf(row), stale: this.reads.stale('miner', minerId) };
  }

  @Answers(appealSlashing)
  appeal(
    @From() caller: Caller,
    @Asked(appealSlashing) { params: { minerId, proposalId }, body }: AskedOf<typeof appealSlashing>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    return this.give(caller, minerId, reply, { type: 'AppealSlashing', proposalId, ...body, now: this.stamp.now() });
  }

  @Answers(decideSlashing)
  decide(
    @From() caller: Caller,
    @Asked(decideSlashing) { params: { minerId, proposalId }, body }: AskedOf<typeof decideSlashing>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    return this.give(caller, minerId, reply, { type: 'DecideSlashing', proposalId, ...body, now: this.stamp.now() });
  }

  private async give(caller: Caller, minerId: MinerId, reply: HttpReply, command: MinerCommand) {
    const meta = this.stamp.change(caller, command.type, minerId);
    const outcome = await this.commands.execute(new HandleMiner(minerId, command, meta));
    return accepted(reply, outcome, `/v1/miners/${minerId}/slashing`);
  }
}

const itemsOf = ({ miner }: MinerRow) => ({ items: [...miner.slashings.values()].map(slashingView) });
