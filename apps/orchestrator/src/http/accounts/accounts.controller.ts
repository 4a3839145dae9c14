import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { z } from 'zod';
import { HandleAccount } from '../../handling/messages.ts';
import { READS, STAMP } from '../../tokens.ts';
import { accepted, commandAnswer } from '../answer.ts';
import { demandSight, noAccount } from '../auth/principal.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, everyone, json, route } from '../route.ts';
import { accountPath, newAccount } from '../schemas/accounts.ts';
import { readQuery } from '../schemas/door.ts';
import { listOptions, listQuery, listView, pageOf } from '../schemas/lists.ts';
import type { Stamp } from '../stamp.ts';
import { accountAnswer, accountView } from '../views/account.view.ts';

const openAccount = route({
  method: 'POST',
  path: '/v1/accounts',
  summary: 'Open an account under an id of your own making',
  roles: ['operator'],
  body: newAccount,
  answer: commandAnswer,
  refusals: ['account-exists-with-other-content', 'invalid-name'],
});

const listAccounts = route({
  method: 'GET',
  path: '/v1/accounts',
  summary: "Accounts by age; to an owner, the token's own",
  roles: everyone,
  query: z.strictObject(listQuery),
  answer: json(pageOf(accountAnswer)),
  refusals: [],
});

const showAccount = route({
  method: 'GET',
  path: '/v1/accounts/:accountId',
  summary: 'One account and its credits',
  roles: everyone,
  params: accountPath,
  query: readQuery,
  answer: json(accountAnswer),
  refusals: ['account-not-found'],
});

@Controller()
export class AccountsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(READS) private readonly reads: Reads,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Answers(openAccount)
  async open(
    @From() caller: Caller,
    @Asked(openAccount) { body, rawBody }: AskedOf<typeof openAccount>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const { accountId, name } = body;
    const meta = this.stamp.creation(caller, 'OpenAccount', accountId, rawBody);
    const command = { type: 'OpenAccount', accountId, name, now: this.stamp.now() } as const;
    const outcome = await this.commands.execute(new HandleAccount(accountId, command, meta));
    return accepted(reply, outcome, `/v1/accounts/${accountId}`);
  }

  @Answers(listAccounts)
  async list(
    @From() caller: Caller,
    @Asked(listAccounts) { query }: AskedOf<typeof listAccounts>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    await this.reads.upTo(query.atLeast, reply);
    const { accountId } = caller.principal;
    if (accountId === null) return listView(this.reads.rows.accounts(listOptions(query)), accountView);
    const own = this.reads.rows.account(accountId);
    return listView({ rows: own === null ? [] : [own], next: null }, accountView);
  }

  @Answers(showAccount)
  async show(
    @From() caller: Caller,
    @Asked(showAccount) { params, query }: AskedOf<typeof showAccount>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const { accountId } = params;
    demandSight(caller.principal, accountId);
    await this.reads.upTo(query.atLeast, reply);
    const row = this.reads.rows.account(accountId);
    if (row === null) throw noAccount(accountId);
    return accountView(row);
  }
}
