import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { AccountId } from '#domain';
import { HandleAccount } from '../../handling/messages.ts';
import { type AccountRow, accounts } from '../../projections/accounts.projection.ts';
import type { RowAt } from '../../projections/row-at.ts';
import type { List } from '../../projections/rows.ts';
import { PAST, READS, STAMP } from '../../tokens.ts';
import { accepted, commandAnswer } from '../answer.ts';
import { demandSight, noAccount } from '../auth/principal.ts';
import { type Moment, notThen, type Past, staleThen } from '../past.ts';
import { pastList } from '../past-list.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, everyone, json, route } from '../route.ts';
import { accountList, accountPath, newAccount } from '../schemas/accounts.ts';
import { listOptions, listView, pageOf } from '../schemas/lists.ts';
import { asOfView, momentRefusals, readAtQuery } from '../schemas/moments.ts';
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
  query: accountList,
  answer: json(pageOf(accountAnswer)),
  refusals: momentRefusals,
});

const showAccount = route({
  method: 'GET',
  path: '/v1/accounts/:accountId',
  summary: 'One account and its credits',
  roles: everyone,
  params: accountPath,
  query: readAtQuery,
  answer: json(accountAnswer),
  refusals: ['account-not-found', 'stream-not-followed', ...momentRefusals],
});

@Controller()
export class AccountsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(READS) private readonly reads: Reads,
    @Inject(PAST) private readonly past: Past,
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
    const { accountId } = caller.principal;
    if (query.at !== undefined) return this.listPast(accountId, query, query.at, reply);
    await this.reads.upTo(query.atLeast, reply);
    const view = (row: AccountRow) => this.view(row);
    if (accountId === null) return listView(this.reads.rows.accounts(query, listOptions(query)), view);
    const found = this.reads.rows.account(accountId);
    return listView(listOfOne(query.name === undefined || found?.account.name === query.name ? found : null), view);
  }

  @Answers(showAccount)
  async show(
    @From() caller: Caller,
    @Asked(showAccount) { params, query }: AskedOf<typeof showAccount>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const { accountId } = params;
    demandSight(caller.principal, accountId);
    if (query.at !== undefined) return this.showPast(accountId, query.at);
    await this.reads.upTo(query.atLeast, reply);
    const row = this.reads.rows.account(accountId);
    if (row === null) this.reads.demandFollowed('account', accountId);
    if (row === null) throw noAccount(accountId);
    return this.view(row);
  }

  private async listPast(
    own: AccountId | null,
    query: AskedOf<typeof listAccounts>['query'],
    text: string,
    reply: HttpReply,
  ) {
    const at = await this.past.at(text);
    await this.reads.upTo(at.position, reply);
    const { rows } = this.reads;
    const page = await pastList(
      {
        ...{ reader: await this.past.reader(at), projection: accounts },
        candidates: (options) => (own === null ? rows.accounts({}, options) : listOfOne(rows.account(own))),
        placeOf: ({ account, openedAt }) => [openedAt, account.accountId],
        isWanted: ({ account }) => query.name === undefined || account.name === query.name,
      },
      listOptions(query),
    );
    return listView(page, (found) => this.pastView(found, at));
  }

  private async showPast(accountId: string, text: string) {
    const at = await this.past.at(text);
    const found = await (await this.past.reader(at)).soFar(accounts, accountId);
    if (found === null) throw notThen('account-not-found', `account ${accountId}`, at);
    return this.pastView(found, at);
  }

  private pastView(found: RowAt<AccountRow>, at: Moment) {
    return { ...accountView(found.row, staleThen(found)), asOf: asOfView(at, found) };
  }

  private view(row: AccountRow) {
    return accountView(row, this.reads.stale('account', row.account.accountId));
  }
}

const listOfOne = (row: AccountRow | null): List<AccountRow> => ({ rows: row === null ? [] : [row], next: null });
