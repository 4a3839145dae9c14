import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { MinerCommand, MinerId } from '#domain';
import { HandleMiner } from '../../handling/messages.ts';
import { STAMP } from '../../tokens.ts';
import { accepted, commandAnswer } from '../answer.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, route } from '../route.ts';
import { drain, minerPath } from '../schemas/miners.ts';
import type { Stamp } from '../stamp.ts';

const drainMiner = route({
  method: 'POST',
  path: '/v1/miners/:minerId/drain',
  summary: 'Place nothing more on a miner; its VMs go on, and it is drained once nothing of them is left',
  roles: ['operator'],
  params: minerPath,
  body: drain,
  answer: commandAnswer,
  refusals: ['miner-not-found', 'drain-deadline-passed', 'invalid-name'],
});

const undrainMiner = route({
  method: 'POST',
  path: '/v1/miners/:minerId/undrain',
  summary: 'Let VMs be placed on a miner again',
  roles: ['operator'],
  params: minerPath,
  answer: commandAnswer,
  refusals: ['miner-not-found'],
});

@Controller()
export class DrainController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Answers(drainMiner)
  drain(
    @From() caller: Caller,
    @Asked(drainMiner) { params, body }: AskedOf<typeof drainMiner>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    return this.give(caller, params.minerId, reply, { type: 'DrainMiner', ...body, now: this.stamp.now() });
  }

  @Answers(undrainMiner)
  undrain(
    @From() caller: Caller,
    @Asked(undrainMiner) { params }: AskedOf<typeof undrainMiner>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    return this.give(caller, params.minerId, reply, { type: 'UndrainMiner', now: this.stamp.now() });
  }

  private async give(caller: Caller, minerId: MinerId, reply: HttpReply, command: MinerCommand) {
    const meta = this.stamp.change(caller, command.type, minerId);
    const outcome = await this.commands.execute(new HandleMiner(minerId, command, meta));
    return accepted(reply, outcome, `/v1/miners/${minerId}`);
  }
}
