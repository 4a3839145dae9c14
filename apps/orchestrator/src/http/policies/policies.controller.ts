import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { contentDigest, type EventStore, type PolicyName, policyNames } from '#events';
import { HandlePolicy } from '../../handling/messages.ts';
import { READS, STAMP, STORE } from '../../tokens.ts';
import { accepted, commandAnswer } from '../answer.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, json, route } from '../route.ts';
import { readQuery } from '../schemas/door.ts';
import { allOf } from '../schemas/lists.ts';
import { newPolicy, policyPath, policyQuery } from '../schemas/policies.ts';
import type { Stamp } from '../stamp.ts';
import { policyAnswer, policySummary } from '../views/policy.view.ts';
import { builtIn, demandReadable, policyVersion } from './policy-documents.ts';

const publishPolicy = route({
  method: 'POST',
  path: '/v1/policies/:name',
  summary:
    'Publish the next version of a policy; the versions before stay readable, and the same document decides nothing',
  roles: ['operator'],
  params: policyPath,
  body: newPolicy,
  answer: commandAnswer,
  refusals: ['policy-has-moved', 'invalid-name'],
});

const listPolicies = route({
  method: 'GET',
  path: '/v1/policies',
  summary: 'Policies and the version of each that is in force',
  roles: ['operator', 'viewer'],
  query: readQuery,
  answer: json(allOf(policySummary)),
  refusals: [],
});

const showPolicy = route({
  method: 'GET',
  path: '/v1/policies/:name',
  summary: 'A policy with its document, the newest version or an older one',
  roles: ['operator', 'viewer'],
  params: policyPath,
  query: policyQuery,
  answer: json(policyAnswer),
  refusals: ['policy-not-found'],
});

@Controller()
export class PoliciesController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(STORE) private readonly store: EventStore,
    @Inject(READS) private readonly reads: Reads,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Answers(publishPolicy)
  async publish(
    @From() caller: Caller,
    @Asked(publishPolicy) { params: { name }, body }: AskedOf<typeof publishPolicy>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    demandReadable(name, body.document);
    // A change and no creation: an older document may become the newest again.
    const meta = this.stamp.change(caller, 'PublishPolicy', name);
    const sha256 = contentDigest(body.document);
    const command = { type: 'PublishPolicy', name, sha256, ...body, now: this.stamp.now() } as const;
    const outcome = await this.commands.execute(new HandlePolicy(name, command, meta));
    return accepted(reply, outcome, `/v1/policies/${name}`);
  }

  @Answers(listPolicies)
  async list(
    @Asked(listPolicies) { query }: AskedOf<typeof listPolicies>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    await this.reads.upTo(query.atLeast, reply);
    return { items: policyNames.flatMap((name) => this.summary(name) ?? []) };
  }

  @Answers(showPolicy)
  async show(
    @Asked(showPolicy) { params: { name }, query }: AskedOf<typeof showPolicy>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    await this.reads.upTo(query.atLeast, reply);
    const newest = this.reads.rows.policy(name)?.policy.version ?? 0;
    return policyVersion(this.store, name, query.version ?? newest);
  }

  private summary(name: PolicyName) {
    const row = this.reads.rows.policy(name);
    if (row !== null) return { name, ...without(row.policy), publishedAt: row.publishedAt };
    const found = builtIn(name);
    if (found === null) return null;
    const { document: _, ...summary } = found;
    return summary;
  }
}

const without = <Named extends { readonly name: string }>({ name: _, ...rest }: Named): Omit<Named, 'name'> => rest;
