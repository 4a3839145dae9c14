import { Controller, Inject } from '@nestjs/common';
import { z } from 'zod';
import { accountId, role, tokenId } from '#events';
import { NETWORK } from '../../tokens.ts';
import { type Caller, From } from '../request.ts';
import { Answers, everyone, json, route } from '../route.ts';
import { type Network, network } from '../views/network.ts';

const whoami = route({
  method: 'GET',
  path: '/v1/whoami',
  summary: 'Who this token belongs to, and which network this is',
  roles: everyone,
  answer: json(z.strictObject({ role, tokenId, accountId: accountId.nullable(), network })),
  refusals: [],
});

@Controller()
export class WhoamiController {
  constructor(@Inject(NETWORK) private readonly network: Network) {}

  @Answers(whoami)
  show(@From() { principal }: Caller) {
    const { role, tokenId, accountId } = principal;
    return { role, tokenId, accountId, network: this.network };
  }
}
