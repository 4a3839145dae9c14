import { Controller, Inject, Res } from '@nestjs/common';
import { z } from 'zod';
import { flavors } from '#domain';
import { microCredits, size } from '#events';
import { READS } from '../../tokens.ts';
import type { Reads } from '../reads.ts';
import type { HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, everyone, json, route } from '../route.ts';
import { readQuery } from '../schemas/door.ts';
import { allOf } from '../schemas/lists.ts';

const flavorAnswer = z
  .strictObject({ flavorId: z.string(), size, pricePerHour: microCredits.describe('In micro-credits') })
  .meta({ id: 'Flavor' });

const listFlavors = route({
  method: 'GET',
  path: '/v1/flavors',
  summary: 'Sizes of VMs and what an hour of each costs',
  roles: everyone,
  query: readQuery,
  answer: json(allOf(flavorAnswer)),
  refusals: [],
});

@Controller()
export class FlavorsController {
  constructor(@Inject(READS) private readonly reads: Reads) {}

  @Answers(listFlavors)
  async list(
    @Asked(listFlavors) { query }: AskedOf<typeof listFlavors>,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<z.input<typeof listFlavors.answer.schema>> {
    await this.reads.upTo(query.atLeast, reply);
    return {
      items: flavors.map(({ flavorId, size, pricePerHour }) => ({
        flavorId,
        size,
        pricePerHour: pricePerHour.toString(),
      })),
    };
  }
}
