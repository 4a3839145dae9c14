import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { z } from 'zod';
import { Refusal } from '#domain';
import { HandleMiner } from '../../handling/messages.ts';
import type { MinerRow } from '../../projections/miners.projection.ts';
import { LAST_SEEN, READS, STAMP } from '../../tokens.ts';
import { accepted } from '../answer.ts';
import { demandRole } from '../auth/principal.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { atLeast, parse } from '../schemas/door.ts';
import { listOptions, listQuery, listView } from '../schemas/lists.ts';
import { minerPath, newMiner } from '../schemas/miners.ts';
import type { Stamp } from '../stamp.ts';
import { type LastSeen, minerView } from '../views/miner.view.ts';

@Controller('v1/miners')
export class MinersController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(READS) private readonly reads: Reads,
    @Inject(STAMP) private readonly stamp: Stamp,
    @Inject(LAST_SEEN) private readonly lastSeen: LastSeen,
  ) {}

  @Post()
  async invite(@From() caller: Caller, @Body() body: unknown, @Res({ passthrough: true }) reply: HttpReply) {
    demandRole(caller.principal, 'operator');
    const wanted = parse(newMiner, body, 'body');
    const meta = this.stamp.creation(caller, 'InviteMiner', wanted.minerId, body);
    const command = { ...wanted, type: 'InviteMiner', now: this.stamp.now() } as const;
    const outcome = await this.commands.execute(new HandleMiner(wanted.minerId, command, meta));
    return accepted(reply, outcome, `/v1/miners/${wanted.minerId}`);
  }

  @Get()
  async list(@From() caller: Caller, @Query() query: unknown, @Res({ passthrough: true }) reply: HttpReply) {
    demandRole(caller.principal, 'operator', 'viewer');
    const wanted = parse(z.strictObject(listQuery), query, 'query');
    await this.reads.upTo(wanted.atLeast, reply);
    return listView(this.reads.rows.miners(listOptions(wanted)), (row) => this.view(row));
  }

  @Get(':minerId')
  async show(
    @From() caller: Caller,
    @Param() path: unknown,
    @Query() query: unknown,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    demandRole(caller.principal, 'operator', 'viewer');
    const { minerId } = parse(minerPath, path, 'path');
    const wanted = parse(z.strictObject(atLeast), query, 'query');
    await this.reads.upTo(wanted.atLeast, reply);
    const row = this.reads.rows.miner(minerId);
    if (row === null) throw new Refusal('miner-not-found', `there is no miner ${minerId}; \`hcc miner ls\` lists them`);
    return this.view(row);
  }

  private view(row: MinerRow) {
    return minerView(row, this.lastSeen(row.miner.minerId));
  }
}
