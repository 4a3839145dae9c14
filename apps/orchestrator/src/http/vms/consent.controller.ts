import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { HandleVm } from '../../handling/messages.ts';
import { OWNERSHIP, STAMP } from '../../tokens.ts';
import { accepted, commandAnswer } from '../answer.ts';
import type { Ownership } from '../ownership.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, route } from '../route.ts';
import { consentVm as consentBody, vmPath } from '../schemas/vms.ts';
import type { Stamp } from '../stamp.ts';

const consentVm = route({
  method: 'POST',
  path: '/v1/vms/:vmId/consent',
  summary: 'Allow one boot of a VM an older disk, or an older start: its key is not released before',
  roles: ['owner'],
  params: vmPath,
  body: consentBody,
  answer: commandAnswer,
  refusals: [
    ...(['vm-not-found', 'vm-refused', 'vm-terminated', 'vm-not-sealed'] as const),
    ...(['stale-generation', 'boot-not-current', 'boot-over', 'consent-not-needed'] as const),
  ],
});

@Controller()
export class ConsentController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(OWNERSHIP) private readonly ownership: Ownership,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Answers(consentVm)
  async consent(
    @From() caller: Caller,
    @Asked(consentVm) { params: { vmId }, body: { kind, bootId } }: AskedOf<typeof consentVm>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    await this.ownership.demandVm(caller.principal, vmId);
    const command = { type: 'ConsentVm', kind, bootId, now: this.stamp.now() } as const;
    const meta = this.stamp.change(caller, 'ConsentVm', vmId);
    return accepted(reply, await this.commands.execute(new HandleVm(vmId, command, meta)), `/v1/vms/${vmId}`);
  }
}
