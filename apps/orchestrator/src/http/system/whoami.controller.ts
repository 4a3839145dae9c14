import { Controller, Get, Inject } from '@nestjs/common';
import { NETWORK } from '../../tokens.ts';
import { type Caller, From } from '../request.ts';
import type { Network } from '../views/network.ts';

@Controller('v1/whoami')
export class WhoamiController {
  constructor(@Inject(NETWORK) private readonly network: Network) {}

  @Get()
  show(@From() { principal }: Caller) {
    const { role, tokenId, accountId } = principal;
    return { role, tokenId, accountId, network: this.network };
  }
}
