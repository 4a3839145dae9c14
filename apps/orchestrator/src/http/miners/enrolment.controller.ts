import { Controller, Headers, Inject } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { Refusal } from '#domain';
import { type Correlation, DoorProblem } from '#edge';
import { HandleMiner } from '../../handling/messages.ts';
import { ISSUE_MINER_JWT, STAMP } from '../../tokens.ts';
import { bearerOf, sha256Hex } from '../auth/authenticator.ts';
import { Correlated } from '../request.ts';
import { Answers, Asked, type AskedOf, json, route } from '../route.ts';
import { enrolment, minerPath } from '../schemas/miners.ts';
import type { Stamp } from '../stamp.ts';
import { credentialsAnswer, credentialsView, type IssueMinerJwt } from '../views/credentials.view.ts';

const enrolMiner = route({
  method: 'POST',
  path: '/v1/miners/:minerId/enrolment',
  summary: "A join token and the miner's own public key, for bus credentials; the same key may come again",
  roles: 'join-token',
  params: minerPath,
  body: enrolment,
  answer: json(credentialsAnswer),
  refusals: ['unauthenticated', 'join-token-wrong', 'join-token-expired', 'miner-enrolled-with-other-key'],
});

@Controller()
export class EnrolmentController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(STAMP) private readonly stamp: Stamp,
    @Inject(ISSUE_MINER_JWT) private readonly issue: IssueMinerJwt,
  ) {}

  @Answers(enrolMiner)
  async enrol(
    @Correlated() correlation: Correlation,
    @Headers('authorization') authorization: string | undefined,
    @Asked(enrolMiner) { params: { minerId }, body: { natsPublicKey } }: AskedOf<typeof enrolMiner>,
  ) {
    const joinToken = bearerOf(authorization);
    if (joinToken === undefined) {
      throw new DoorProblem('unauthenticated', 'the join token is missing; send "Authorization: Bearer <join token>"');
    }
    const joinTokenSha256 = sha256Hex(joinToken);
    const meta = this.stamp.as(`miner:${minerId}`, correlation, 'EnrolMiner', minerId, {
      natsPublicKey,
      joinTokenSha256,
    });
    const command = { type: 'EnrolMiner', natsPublicKey, joinTokenSha256, now: this.stamp.now() } as const;
    try {
      await this.commands.execute(new HandleMiner(minerId, command, meta));
    } catch (error) {
      throw isNoMiner(error) ? joinTokenWrong(minerId) : error;
    }
    return credentialsView(await this.issue(minerId, natsPublicKey));
  }
}

/** A stranger does not learn which miners exist. */
const isNoMiner = (error: unknown): boolean => error instanceof Refusal && error.code === 'miner-not-found';

const joinTokenWrong = (minerId: string): Refusal =>
  new Refusal('join-token-wrong', `the join token is not the one that miner ${minerId} was invited with`);
