import { Body, Controller, Delete, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { z } from 'zod';
import { DoorProblem } from '#edge';
import { HandleAccount } from '../../handling/messages.ts';
import { READS, STAMP } from '../../tokens.ts';
import { accepted } from '../answer.ts';
import { demandAccount, demandSight, noAccount } from '../auth/principal.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { accountPath, newToken, tokenPath } from '../schemas/accounts.ts';
import { atLeast, parse } from '../schemas/door.ts';
import type { Stamp } from '../stamp.ts';
import { tokenView } from '../views/account.view.ts';

@Controller('v1/accounts/:accountId/tokens')
export class TokensController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(READS) private readonly reads: Reads,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Post()
  async issue(
    @From() caller: Caller,
    @Param() path: unknown,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const { accountId } = parse(accountPath, path, 'path');
    demandAccount(caller.principal, accountId);
    const { tokenId, role, sha256, label } = parse(newToken, body, 'body');
    if (caller.principal.role === 'owner' && role !== 'owner') {
      throw new DoorProblem('forbidden', `an owner issues tokens of the role owner, not ${role}; ask an operator`, {
        observed: role,
        wanted: 'owner',
      });
    }
    const meta = this.stamp.creation(caller, 'IssueApiToken', `${accountId}/${tokenId}`, body);
    const command = { type: 'IssueApiToken', tokenId, role, sha256, label, now: this.stamp.now() } as const;
    const outcome = await this.commands.execute(new HandleAccount(accountId, command, meta));
    return accepted(reply, outcome, `/v1/accounts/${accountId}/tokens`);
  }

  @Get()
  async list(
    @From() caller: Caller,
    @Param() path: unknown,
    @Query() query: unknown,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const { accountId } = parse(accountPath, path, 'path');
    const wanted = parse(z.strictObject(atLeast), query, 'query');
    demandSight(caller.principal, accountId);
    await this.reads.upTo(wanted.atLeast, reply);
    const row = this.reads.rows.account(accountId);
    if (row === null) throw noAccount(accountId);
    return { items: row.tokens.map(tokenView) };
  }

  @Delete(':tokenId')
  async revoke(@From() caller: Caller, @Param() path: unknown, @Res({ passthrough: true }) reply: HttpReply) {
    const { accountId, tokenId } = parse(tokenPath, path, 'path');
    demandAccount(caller.principal, accountId);
    const command = { type: 'RevokeApiToken', tokenId, now: this.stamp.now() } as const;
    const meta = this.stamp.change(caller, 'RevokeApiToken', accountId);
    const outcome = await this.commands.execute(new HandleAccount(accountId, command, meta));
    return accepted(reply, outcome, `/v1/accounts/${accountId}/tokens`);
  }
}
