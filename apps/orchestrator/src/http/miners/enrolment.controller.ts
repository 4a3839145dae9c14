import { Body, Controller, Headers, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { Refusal } from '#domain';
import { type Correlation, DoorProblem } from '#edge';
import { HandleMiner } from '../../handling/messages.ts';
import { ISSUE_MINER_JWT, STAMP } from '../../tokens.ts';
import { Open } from '../auth/auth.guard.ts';
import { bearerOf, sha256Hex } from '../auth/authenticator.ts';
import { Correlated } from '../request.ts';
import { parse } from '../schemas/door.ts';
import { enrolment, minerPath } from '../schemas/miners.ts';
import type { Stamp } from '../stamp.ts';
import { credentialsView, type IssueMinerJwt } from '../views/credentials.view.ts';

@Controller('v1/miners/:minerId/enrolment')
export class EnrolmentController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(STAMP) private readonly stamp: Stamp,
    @Inject(ISSUE_MINER_JWT) private readonly issue: IssueMinerJwt,
  ) {}

  /** A join token and the miner's own public key, for bus credentials. The same key may come again; another may not. */
  @Open()
  @Post()
  @HttpCode(200)
  async enrol(
    @Correlated() correlation: Correlation,
    @Headers('authorization') authorization: string | undefined,
    @Param() path: unknown,
    @Body() body: unknown,
  ) {
    const { minerId } = parse(minerPath, path, 'path');
    const { natsPublicKey } = parse(enrolment, body, 'body');
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
