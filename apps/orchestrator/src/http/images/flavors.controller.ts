import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import { z } from 'zod';
import { flavors } from '#domain';
import { READS } from '../../tokens.ts';
import type { Reads } from '../reads.ts';
import type { HttpReply } from '../request.ts';
import { atLeast, parse } from '../schemas/door.ts';

@Controller('v1/flavors')
export class FlavorsController {
  constructor(@Inject(READS) private readonly reads: Reads) {}

  @Get()
  async list(@Query() query: unknown, @Res({ passthrough: true }) reply: HttpReply) {
    const wanted = parse(z.strictObject(atLeast), query, 'query');
    await this.reads.upTo(wanted.atLeast, reply);
    return {
      items: flavors.map(({ flavorId, size, pricePerHour }) => ({
        flavorId,
        size,
        pricePerHour: pricePerHour.toString(),
      })),
    };
  }
}
