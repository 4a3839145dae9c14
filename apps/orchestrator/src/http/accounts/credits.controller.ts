import { Body, Controller, Inject, Param, Post, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { HandleAccount } from '../../handling/messages.ts';
import { STAMP } from '../../tokens.ts';
import { accepted } from '../answer.ts';
import { demandRole } from '../auth/principal.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { accountPath, newCredits } from '../schemas/accounts.ts';
import { parse } from '../schemas/door.ts';
import type { Stamp } from '../stamp.ts';

@Controller('v1/accounts/:accountId/credits')
export class CreditsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Post()
  async grant(
    @From() caller: Caller,
    @Param() path: unknown,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    demandRole(caller.principal, 'operator');
    const { accountId } = parse(accountPath, path, 'path');
    const { depositId, amount, note } = parse(newCredits, body, 'body');
    const meta = this.stamp.creation(caller, 'DepositCredits', `${accountId}/${depositId}`, body);
    const command = {
      type: 'DepositCredits',
      depositId,
      amount,
      source: 'operator-grant',
      note,
      now: this.stamp.now(),
    } as const;
    const outcome = await this.commands.execute(new HandleAccount(accountId, command, meta));
    return accepted(reply, outcome, `/v1/accounts/${accountId}`);
  }
}
