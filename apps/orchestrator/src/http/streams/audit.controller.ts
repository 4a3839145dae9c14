import { Controller, Inject, Res } from '@nestjs/common';
import type { EventStore } from '#events';
import { READS, STORE } from '../../tokens.ts';
import { demandSight } from '../auth/principal.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, everyone, json, route } from '../route.ts';
import { auditQuery } from '../schemas/audit.ts';
import { listOptions, listView, pageOf } from '../schemas/lists.ts';
import { auditAnswer, auditView } from '../views/audit.view.ts';
import { readAudit } from './audit-log.ts';

const listAudit = route({
  method: 'GET',
  path: '/v1/audit',
  summary: 'Who did what and when; to an owner, what was done to its account and its VMs, by whomever',
  roles: everyone,
  query: auditQuery,
  answer: json(pageOf(auditAnswer)),
  refusals: ['account-not-found'],
});

@Controller()
export class AuditController {
  constructor(
    @Inject(READS) private readonly reads: Reads,
    @Inject(STORE) private readonly store: EventStore,
  ) {}

  @Answers(listAudit)
  async list(
    @From() caller: Caller,
    @Asked(listAudit) { query }: AskedOf<typeof listAudit>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const accountId = query.accountId ?? caller.principal.accountId;
    if (accountId !== null) demandSight(caller.principal, accountId);
    await this.reads.upTo(query.atLeast, reply);
    const { actor = null, type = null, since = null, until = null, order } = query;
    const source = { store: this.store, rows: this.reads.rows };
    const filter = { accountId, actor, type, since, until, order };
    return listView(await readAudit(source, filter, listOptions(query)), auditView);
  }
}
