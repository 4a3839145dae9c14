import { Controller, Inject, Res } from '@nestjs/common';
import { READS } from '../../tokens.ts';
import type { Reads } from '../reads.ts';
import type { HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, json, route } from '../route.ts';
import { readQuery } from '../schemas/door.ts';
import { allOf } from '../schemas/lists.ts';
import { parkedAnswer, parkedView } from '../views/parked.view.ts';

const listParked = route({
  method: 'GET',
  path: '/v1/parked',
  summary: 'What no consumer may go past on its stream until somebody has looked at it',
  roles: ['operator', 'viewer'],
  query: readQuery,
  answer: json(allOf(parkedAnswer)),
  refusals: [],
});

@Controller()
export class ParkedController {
  constructor(@Inject(READS) private readonly reads: Reads) {}

  @Answers(listParked)
  async list(@Asked(listParked) { query }: AskedOf<typeof listParked>, @Res({ passthrough: true }) reply: HttpReply) {
    await this.reads.upTo(query.atLeast, reply);
    return { items: this.reads.rows.parked().flatMap(({ parked }) => [...parked.values()].map(parkedView)) };
  }
}
