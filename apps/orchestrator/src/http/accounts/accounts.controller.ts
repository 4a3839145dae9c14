import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { z } from 'zod';
import { HandleAccount } from '../../handling/messages.ts';
import { READS, STAMP } from '../../tokens.ts';
import { accepted } from '../answer.ts';
import { demandRole, demandSight, noAccount } from '../auth/principal.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { accountPath, newAccount } from '../schemas/accounts.ts';
import { atLeast, parse } from '../schemas/door.ts';
import { listOptions, listQuery, listView } from '../schemas/lists.ts';
import type { Stamp } from '../stamp.ts';
import { accountView } from '../views/account.view.ts';

@Controller('v1/accounts')
export class AccountsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(READS) private readonly reads: Reads,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Post()
  async open(@From() caller: Caller, @Body() body: unknown, @Res({ passthrough: true }) reply: HttpReply) {
    demandRole(caller.principal, 'operator');
    const { accountId, name } = parse(newAccount, body, 'body');
    const meta = this.stamp.creation(caller, 'OpenAccount', accountId, body);
    const command = { type: 'OpenAccount', accountId, name, now: this.stamp.now() } as const;
    const outcome = await this.commands.execute(new HandleAccount(accountId, command, meta));
    return accepted(reply, outcome, `/v1/accounts/${accountId}`);
  }

  @Get()
  async list(@From() caller: Caller, @Query() query: unknown, @Res({ passthrough: true }) reply: HttpReply) {
    const wanted = parse(z.strictObject(listQuery), query, 'query');
    await this.reads.upTo(wanted.atLeast, reply);
    const { accountId } = caller.principal;
    if (accountId === null) return listView(this.reads.rows.accounts(listOptions(wanted)), accountView);
    const own = this.reads.rows.account(accountId);
    return listView({ rows: own === null ? [] : [own], next: null }, accountView);
  }

  @Get(':accountId')
  async show(
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
    return accountView(row);
  }
}
