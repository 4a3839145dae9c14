import { Controller, Inject, Res } from '@nestjs/common';
import { Refusal } from '#domain';
import { miners } from '../../projections/miners.projection.ts';
import { PAST, READS } from '../../tokens.ts';
import { partThen } from '../part-then.ts';
import type { Past } from '../past.ts';
import type { Reads } from '../reads.ts';
import type { HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, json, route } from '../route.ts';
import { minerPath } from '../schemas/miners.ts';
import { momentRefusals, readAtQuery } from '../schemas/moments.ts';
import { hostChecksAnswer, hostChecksView } from '../views/host-checks.view.ts';

const showHostChecks = route({
  method: 'GET',
  path: '/v1/miners/:minerId/checks',
  summary: "What a miner's host was checked for, one line per check, as its agent reported it",
  roles: ['operator', 'viewer'],
  params: minerPath,
  query: readAtQuery,
  answer: json(hostChecksAnswer),
  refusals: ['miner-not-found', ...momentRefusals],
});

@Controller()
export class HostChecksController {
  constructor(
    @Inject(READS) private readonly reads: Reads,
    @Inject(PAST) private readonly past: Past,
  ) {}

  @Answers(showHostChecks)
  async show(
    @Asked(showHostChecks) { params: { minerId }, query }: AskedOf<typeof showHostChecks>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    if (query.at !== undefined) {
      return partThen(this.past, query.at, { projection: miners, kind: 'miner', id: minerId }, (row) =>
        hostChecksView(row, null),
      );
    }
    await this.reads.upTo(query.atLeast, reply);
    const row = this.reads.rows.miner(minerId);
    if (row === null) throw new Refusal('miner-not-found', `there is no miner ${minerId}; \`hcc miner ls\` lists them`);
    return hostChecksView(row, this.reads.stale('miner', minerId));
  }
}
