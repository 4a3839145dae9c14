import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { HandleAccount } from '../../handling/messages.ts';
import { STAMP } from '../../tokens.ts';
import { accepted, commandAnswer } from '../answer.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, route } from '../route.ts';
import { accountPath, newCredits } from '../schemas/accounts.ts';
import type { Stamp } from '../stamp.ts';

const grantCredits = route({
  method: 'POST',
  path: '/v1/accounts/:accountId/credits',
  summary: 'Give an account credits; the same deposit counts once',
  roles: ['operator'],
  params: accountPath,
  body: newCredits,
  answer: commandAnswer,
  refusals: ['account-not-found', 'invalid-amount', 'deposit-exists-with-other-content'],
});

@Controller()
export class CreditsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Answers(grantCredits)
  async grant(
    @From() caller: Caller,
    @Asked(grantCredits) { params, body, rawBody }: AskedOf<typeof grantCredits>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const { accountId } = params;
    const { depositId, amount, note } = body;
    const meta = this.stamp.creation(caller, 'DepositCredits', `${accountId}/${depositId}`, rawBody);
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
