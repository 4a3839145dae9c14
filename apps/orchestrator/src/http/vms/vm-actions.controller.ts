import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { BootId, UnixMs, VmCommand, VmId } from '#domain';
import { bootIdOf } from '#events';
import { HandleVm } from '../../handling/messages.ts';
import { OWNERSHIP, STAMP } from '../../tokens.ts';
import { accepted, commandAnswer } from '../answer.ts';
import type { Ownership } from '../ownership.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, route } from '../route.ts';
import { stopVm as stopBody, terminateVm as terminateQuery, vmPath } from '../schemas/vms.ts';
import type { Stamp } from '../stamp.ts';

const change = { roles: ['operator', 'owner'], params: vmPath, answer: commandAnswer } as const;

const startVm = route({
  ...change,
  method: 'POST',
  path: '/v1/vms/:vmId/start',
  summary: 'Start a stopped VM',
  refusals: ['vm-not-found', 'vm-refused', 'vm-restoring', 'vm-terminated'],
});

const stopVm = route({
  ...change,
  method: 'POST',
  path: '/v1/vms/:vmId/stop',
  summary: 'Shut a VM down; its disk is kept',
  body: stopBody,
  refusals: ['vm-not-found', 'vm-refused', 'vm-terminated'],
});

const rebootVm = route({
  ...change,
  method: 'POST',
  path: '/v1/vms/:vmId/reboot',
  summary: 'Shut a VM down and start it again',
  refusals: ['vm-already-starting', 'vm-not-found', 'vm-not-running', 'vm-refused', 'vm-terminated'],
});

const terminateVm = route({
  ...change,
  method: 'DELETE',
  path: '/v1/vms/:vmId',
  summary: 'Terminate a VM and remove its disk, for good',
  query: terminateQuery,
  refusals: ['vm-not-found', 'backups-die-with-the-key'],
});

@Controller()
export class VmActionsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(OWNERSHIP) private readonly ownership: Ownership,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Answers(startVm)
  start(
    @From() caller: Caller,
    @Asked(startVm) { params: { vmId } }: AskedOf<typeof startVm>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    return this.give(caller, vmId, reply, 'StartVm', (now, nextBootId) => ({ type: 'StartVm', nextBootId, now }));
  }

  @Answers(stopVm)
  stop(
    @From() caller: Caller,
    @Asked(stopVm) { params: { vmId }, body: { reason } }: AskedOf<typeof stopVm>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    return this.give(caller, vmId, reply, 'StopVm', (now) => ({ type: 'StopVm', reason, now }));
  }

  @Answers(rebootVm)
  reboot(
    @From() caller: Caller,
    @Asked(rebootVm) { params: { vmId } }: AskedOf<typeof rebootVm>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    return this.give(caller, vmId, reply, 'RebootVm', (now, nextBootId) => ({ type: 'RebootVm', nextBootId, now }));
  }

  @Answers(terminateVm)
  terminate(
    @From() caller: Caller,
    @Asked(terminateVm) { params: { vmId }, query }: AskedOf<typeof terminateVm>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const { destroyBackups } = query;
    return this.give(caller, vmId, reply, 'TerminateVm', (now) => ({ type: 'TerminateVm', destroyBackups, now }));
  }

  private async give(
    caller: Caller,
    vmId: VmId,
    reply: HttpReply,
    kind: VmCommand['type'],
    build: (now: UnixMs, nextBootId: BootId) => VmCommand,
  ) {
    await this.ownership.demandVm(caller.principal, vmId);
    const meta = this.stamp.change(caller, kind, vmId);
    const command = build(this.stamp.now(), bootIdOf(meta.commandId));
    const outcome = await this.commands.execute(new HandleVm(vmId, command, meta));
    return accepted(reply, outcome, `/v1/vms/${vmId}`);
  }
}
