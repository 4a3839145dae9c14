import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { noFlavor } from '#domain';
import { HandleFlavor } from '../../handling/messages.ts';
import { READS, STAMP } from '../../tokens.ts';
import { accepted, commandAnswer } from '../answer.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, everyone, json, route } from '../route.ts';
import { readQuery } from '../schemas/door.ts';
import { flavorList, flavorPath, newFlavor, retirement } from '../schemas/flavors.ts';
import { listOptions, listView, pageOf } from '../schemas/lists.ts';
import type { Stamp } from '../stamp.ts';
import { flavorAnswer, flavorView } from '../views/flavor.view.ts';

const defineFlavor = route({
  method: 'POST',
  path: '/v1/flavors',
  summary: 'Offer a size at a price; it never changes afterwards, and a repeat decides nothing',
  roles: ['operator'],
  body: newFlavor,
  answer: commandAnswer,
  refusals: ['flavor-exists-with-other-content', 'invalid-flavor', 'invalid-name'],
});

const retireFlavor = route({
  method: 'POST',
  path: '/v1/flavors/:flavorId/retire',
  summary: 'Offer a flavor no longer; VMs that have it go on',
  roles: ['operator'],
  params: flavorPath,
  body: retirement,
  answer: commandAnswer,
  refusals: ['flavor-not-found', 'invalid-name'],
});

const listFlavors = route({
  method: 'GET',
  path: '/v1/flavors',
  summary: 'Sizes of VMs and what an hour of each costs',
  roles: everyone,
  query: flavorList,
  answer: json(pageOf(flavorAnswer)),
  refusals: [],
});

const showFlavor = route({
  method: 'GET',
  path: '/v1/flavors/:flavorId',
  summary: 'One flavor, offered or retired',
  roles: everyone,
  params: flavorPath,
  query: readQuery,
  answer: json(flavorAnswer),
  refusals: ['flavor-not-found'],
});

@Controller()
export class FlavorsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(READS) private readonly reads: Reads,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Answers(defineFlavor)
  async define(
    @From() caller: Caller,
    @Asked(defineFlavor) { body, rawBody }: AskedOf<typeof defineFlavor>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const meta = this.stamp.creation(caller, 'DefineFlavor', body.flavorId, rawBody);
    const command = { ...body, type: 'DefineFlavor', now: this.stamp.now() } as const;
    const outcome = await this.commands.execute(new HandleFlavor(body.flavorId, command, meta));
    return accepted(reply, outcome, `/v1/flavors/${body.flavorId}`);
  }

  @Answers(retireFlavor)
  async retire(
    @From() caller: Caller,
    @Asked(retireFlavor) { params: { flavorId }, body }: AskedOf<typeof retireFlavor>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const meta = this.stamp.change(caller, 'RetireFlavor', flavorId);
    const command = { ...body, type: 'RetireFlavor', now: this.stamp.now() } as const;
    const outcome = await this.commands.execute(new HandleFlavor(flavorId, command, meta));
    return accepted(reply, outcome, `/v1/flavors/${flavorId}`);
  }

  @Answers(listFlavors)
  async list(@Asked(listFlavors) { query }: AskedOf<typeof listFlavors>, @Res({ passthrough: true }) reply: HttpReply) {
    await this.reads.upTo(query.atLeast, reply);
    const { rows, next } = this.reads.rows.flavors(listOptions(query));
    const shown = rows.filter(({ flavor }) => query.retired === 'include' || flavor.retired === null);
    return listView({ rows: shown, next }, flavorView);
  }

  @Answers(showFlavor)
  async show(
    @Asked(showFlavor) { params: { flavorId }, query }: AskedOf<typeof showFlavor>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    await this.reads.upTo(query.atLeast, reply);
    const row = this.reads.rows.flavor(flavorId);
    if (row === null) throw noFlavor(flavorId);
    return flavorView(row);
  }
}
