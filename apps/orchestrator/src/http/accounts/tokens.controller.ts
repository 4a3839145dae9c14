import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { DoorProblem } from '#edge';
import { HandleAccount } from '../../handling/messages.ts';
import { type AccountRow, accounts } from '../../projections/accounts.projection.ts';
import { PAST, READS, STAMP } from '../../tokens.ts';
import { accepted, commandAnswer } from '../answer.ts';
import { demandAccount, demandSight, noAccount } from '../auth/principal.ts';
import { partThen } from '../part-then.ts';
import type { Past } from '../past.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, everyone, json, route } from '../route.ts';
import { accountPath, newToken, tokenPath } from '../schemas/accounts.ts';
import { allOfRow, momentRefusals, readAtQuery } from '../schemas/moments.ts';
import type { Stamp } from '../stamp.ts';
import { tokenAnswer, tokenView } from '../views/account.view.ts';

const issueToken = route({
  method: 'POST',
  path: '/v1/accounts/:accountId/tokens',
  summary: 'Let a token in by its digest; its bearer made it and keeps the secret',
  roles: ['operator', 'owner'],
  params: accountPath,
  body: newToken,
  answer: commandAnswer,
  refusals: ['forbidden', 'account-not-found', 'token-exists-with-other-content', 'too-many-tokens'],
});

const listTokens = route({
  method: 'GET',
  path: '/v1/accounts/:accountId/tokens',
  summary: 'All tokens of an account that are let in',
  roles: everyone,
  params: accountPath,
  query: readAtQuery,
  answer: json(allOfRow(tokenAnswer)),
  refusals: ['account-not-found', ...momentRefusals],
});

const revokeToken = route({
  method: 'DELETE',
  path: '/v1/accounts/:accountId/tokens/:tokenId',
  summary: 'Let a token in no more',
  roles: ['operator', 'owner'],
  params: tokenPath,
  answer: commandAnswer,
  refusals: ['account-not-found', 'token-not-found'],
});

@Controller()
export class TokensController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(READS) private readonly reads: Reads,
    @Inject(PAST) private readonly past: Past,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Answers(issueToken)
  async issue(
    @From() caller: Caller,
    @Asked(issueToken) { params: { accountId }, body, rawBody }: AskedOf<typeof issueToken>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    demandAccount(caller.principal, accountId);
    const { tokenId, role, sha256, label } = body;
    if (caller.principal.role === 'owner' && role !== 'owner') {
      throw new DoorProblem('forbidden', `an owner issues tokens of the role owner, not ${role}; ask an operator`, {
        observed: role,
        wanted: 'owner',
      });
    }
    const meta = this.stamp.creation(caller, 'IssueApiToken', `${accountId}/${tokenId}`, rawBody);
    const command = { type: 'IssueApiToken', tokenId, role, sha256, label, now: this.stamp.now() } as const;
    const outcome = await this.commands.execute(new HandleAccount(accountId, command, meta));
    return accepted(reply, outcome, `/v1/accounts/${accountId}/tokens`);
  }

  @Answers(listTokens)
  async list(
    @From() caller: Caller,
    @Asked(listTokens) { params: { accountId }, query }: AskedOf<typeof listTokens>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    demandSight(caller.principal, accountId);
    if (query.at !== undefined)
      return partThen(this.past, query.at, { projection: accounts, kind: 'account', id: accountId }, itemsOf);
    await this.reads.upTo(query.atLeast, reply);
    const row = this.reads.rows.account(accountId);
    if (row === null) throw noAccount(accountId);
    return { ...itemsOf(row), stale: this.reads.stale('account', accountId) };
  }

  @Answers(revokeToken)
  async revoke(
    @From() caller: Caller,
    @Asked(revokeToken) { params: { accountId, tokenId } }: AskedOf<typeof revokeToken>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    demandAccount(caller.principal, accountId);
    const command = { type: 'RevokeApiToken', tokenId, now: this.stamp.now() } as const;
    const meta = this.stamp.change(caller, 'RevokeApiToken', accountId);
    const outcome = await this.commands.execute(new HandleAccount(accountId, command, meta));
    return accepted(reply, outcome, `/v1/accounts/${accountId}/tokens`);
  }
}

const itemsOf = ({ tokens }: AccountRow) => ({ items: tokens.map(tokenView) });
