import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { z } from 'zod';
import type { EventStore } from '#events';
import { HandleVm } from '../../handling/messages.ts';
import type { VmRow } from '../../projections/vms.projection.ts';
import { READS, STAMP, STORE } from '../../tokens.ts';
import { accepted } from '../answer.ts';
import { demandAccount, demandSight, maySee } from '../auth/principal.ts';
import { noVm } from '../ownership.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { atLeast, parse } from '../schemas/door.ts';
import { listOptions, listView } from '../schemas/lists.ts';
import { newVm, vmList, vmPath } from '../schemas/vms.ts';
import type { Stamp } from '../stamp.ts';
import { vmView } from '../views/vm.view.ts';
import { requestVm } from './request-vm.ts';

@Controller('v1/vms')
export class VmsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(STORE) private readonly store: EventStore,
    @Inject(READS) private readonly reads: Reads,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Post()
  async request(@From() caller: Caller, @Body() body: unknown, @Res({ passthrough: true }) reply: HttpReply) {
    const wanted = parse(newVm, body, 'body');
    demandAccount(caller.principal, wanted.accountId);
    const command = await requestVm(this.store, wanted, this.stamp.now());
    const meta = this.stamp.creation(caller, 'RequestVm', wanted.vmId, body);
    const outcome = await this.commands.execute(new HandleVm(wanted.vmId, command, meta));
    return accepted(reply, outcome, `/v1/vms/${wanted.vmId}`);
  }

  @Get()
  async list(@From() caller: Caller, @Query() query: unknown, @Res({ passthrough: true }) reply: HttpReply) {
    const wanted = parse(vmList, query, 'query');
    const accountId = wanted.accountId ?? caller.principal.accountId;
    if (accountId !== null) demandSight(caller.principal, accountId);
    await this.reads.upTo(wanted.atLeast, reply);
    return listView(this.reads.rows.vms(accountId, listOptions(wanted)), (row) => this.view(row));
  }

  @Get(':vmId')
  async show(
    @From() caller: Caller,
    @Param() path: unknown,
    @Query() query: unknown,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const { vmId } = parse(vmPath, path, 'path');
    const wanted = parse(z.strictObject(atLeast), query, 'query');
    await this.reads.upTo(wanted.atLeast, reply);
    const row = this.reads.rows.vm(vmId);
    if (row === null || !maySee(caller.principal, row.vm.accountId)) throw noVm(vmId);
    return this.view(row);
  }

  private view(row: VmRow) {
    const { imageDigest, placement } = row.vm;
    const holder = placement === null ? null : this.reads.rows.miner(placement.minerId);
    return vmView(row, {
      manifest: this.reads.rows.image(imageDigest)?.image.manifest ?? null,
      platform: holder?.miner.attachment?.platform ?? null,
    });
  }
}
