import { Controller, Inject } from '@nestjs/common';
import { type Passport, passportSchema } from '#passport';
import { MAKE_PASSPORT, OWNERSHIP } from '../../tokens.ts';
import type { Ownership } from '../ownership.ts';
import { type Caller, From } from '../request.ts';
import { Answers, Asked, type AskedOf, json, route } from '../route.ts';
import { vmPath } from '../schemas/vms.ts';
import type { MakePassport } from './passport-making.ts';

const showPassport = route({
  method: 'GET',
  path: '/v1/vms/:vmId/passport',
  summary:
    'All that vouches for a VM, signed by the network: its streams, its verdicts with their evidence and certificates; canonical JSON of it is what is signed',
  roles: ['operator', 'owner'],
  params: vmPath,
  answer: json(passportSchema),
  refusals: ['vm-not-found', 'passport-too-large'],
});

@Controller()
export class PassportController {
  constructor(
    @Inject(OWNERSHIP) private readonly ownership: Ownership,
    @Inject(MAKE_PASSPORT) private readonly make: MakePassport,
  ) {}

  @Answers(showPassport)
  async show(
    @From() caller: Caller,
    @Asked(showPassport) { params: { vmId } }: AskedOf<typeof showPassport>,
  ): Promise<Passport> {
    await this.ownership.demandVm(caller.principal, vmId);
    return this.make(vmId);
  }
}
