import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import { z } from 'zod';
import { READS } from '../../tokens.ts';
import { demandRole } from '../auth/principal.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { atLeast, parse } from '../schemas/door.ts';
import { parkedView } from '../views/parked.view.ts';

@Controller('v1/parked')
export class ParkedController {
  constructor(@Inject(READS) private readonly reads: Reads) {}

  /** What no consumer may go past on its stream until somebody has looked at it. */
  @Get()
  async list(@From() caller: Caller, @Query() query: unknown, @Res({ passthrough: true }) reply: HttpReply) {
    demandRole(caller.principal, 'operator', 'viewer');
    const wanted = parse(z.strictObject(atLeast), query, 'query');
    await this.reads.upTo(wanted.atLeast, reply);
    return { items: this.reads.rows.parked().flatMap(({ parked }) => [...parked.values()].map(parkedView)) };
  }
}
