import { Body, Controller, Delete, Inject, Param, Post, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { BootId, UnixMs, VmCommand } from '#domain';
import { bootIdOf } from '#events';
import { HandleVm } from '../../handling/messages.ts';
import { OWNERSHIP, STAMP } from '../../tokens.ts';
import { accepted } from '../answer.ts';
import type { Ownership } from '../ownership.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { nothing, parse } from '../schemas/door.ts';
import { stopVm, vmPath } from '../schemas/vms.ts';
import type { Stamp } from '../stamp.ts';

@Controller('v1/vms/:vmId')
export class VmActionsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(OWNERSHIP) private readonly ownership: Ownership,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Post('start')
  start(
    @From() caller: Caller,
    @Param() path: unknown,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    parse(nothing, body, 'body');
    return this.give(caller, path, reply, 'StartVm', (now, nextBootId) => ({ type: 'StartVm', nextBootId, now }));
  }

  @Post('stop')
  stop(
    @From() caller: Caller,
    @Param() path: unknown,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const { reason } = parse(stopVm, body, 'body');
    return this.give(caller, path, reply, 'StopVm', (now) => ({ type: 'StopVm', reason, now }));
  }

  @Post('reboot')
  reboot(
    @From() caller: Caller,
    @Param() path: unknown,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    parse(nothing, body, 'body');
    return this.give(caller, path, reply, 'RebootVm', (now, nextBootId) => ({ type: 'RebootVm', nextBootId, now }));
  }

  @Delete()
  terminate(@From() caller: Caller, @Param() path: unknown, @Res({ passthrough: true }) reply: HttpReply) {
    return this.give(caller, path, reply, 'TerminateVm', (now) => ({ type: 'TerminateVm', now }));
  }

  private async give(
    caller: Caller,
    path: unknown,
    reply: HttpReply,
    kind: VmCommand['type'],
    build: (now: UnixMs, nextBootId: BootId) => VmCommand,
  ) {
    const { vmId } = parse(vmPath, path, 'path');
    await this.ownership.demandVm(caller.principal, vmId);
    const meta = this.stamp.change(caller, kind, vmId);
    const command = build(this.stamp.now(), bootIdOf(meta.commandId));
    const outcome = await this.commands.execute(new HandleVm(vmId, command, meta));
    return accepted(reply, outcome, `/v1/vms/${vmId}`);
  }
}
