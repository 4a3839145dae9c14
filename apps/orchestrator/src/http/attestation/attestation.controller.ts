import { Controller, Inject, Res } from '@nestjs/common';
import { z } from 'zod';
import { type MinerId, Refusal } from '#domain';
import { aggregates, type Clock, type EventStore, streamName } from '#events';
import { attestations } from '../../projections/attestations.projection.ts';
import { miners } from '../../projections/miners.projection.ts';
import { CLOCK, PAST, READS, STORE } from '../../tokens.ts';
import { type Moment, notThen, type Past, staleThen, timeOf } from '../past.ts';
import type { Reads } from '../reads.ts';
import type { HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, json, route } from '../route.ts';
import { minerPath } from '../schemas/miners.ts';
import { asOfView, momentRefusals, readAtQuery } from '../schemas/moments.ts';
import { appraisalList } from '../schemas/trust.ts';
import { appraisalAnswer, appraisalView, attestationAnswer, attestationView } from '../views/attestation.view.ts';

const showAttestation = route({
  method: 'GET',
  path: '/v1/miners/:minerId/attestation',
  summary: "How a miner's host was judged last, by which policies, how long ago, and what is wrong",
  roles: ['operator', 'viewer'],
  params: minerPath,
  query: readAtQuery,
  answer: json(attestationAnswer),
  refusals: ['miner-not-found', ...momentRefusals],
});

const listAppraisals = route({
  method: 'GET',
  path: '/v1/miners/:minerId/appraisals',
  summary: "Verdicts on a miner's host, the newest first, as they were recorded",
  roles: ['operator', 'viewer'],
  params: minerPath,
  query: appraisalList,
  answer: json(
    z.strictObject({
      items: z.array(appraisalAnswer),
      next: z.string().nullable().describe('Send it as `after` for what came before; null at the beginning'),
    }),
  ),
  refusals: ['miner-not-found'],
});

@Controller()
export class AttestationController {
  constructor(
    @Inject(STORE) private readonly store: EventStore,
    @Inject(READS) private readonly reads: Reads,
    @Inject(PAST) private readonly past: Past,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Answers(showAttestation)
  async show(
    @Asked(showAttestation) { params: { minerId }, query }: AskedOf<typeof showAttestation>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    if (query.at !== undefined) return this.showPast(minerId, await this.past.at(query.at));
    await this.reads.upTo(query.atLeast, reply);
    this.demand(minerId);
    const row = this.reads.rows.attestation(minerId);
    return attestationView(minerId, row, this.clock.now(), this.reads.stale('appraisal', minerId));
  }

  @Answers(listAppraisals)
  async list(
    @Asked(listAppraisals) { params: { minerId }, query }: AskedOf<typeof listAppraisals>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    await this.reads.upTo(query.atLeast, reply);
    this.demand(minerId);
    const newest = this.reads.rows.attestation(minerId)?.revision;
    const end = query.after === undefined ? (newest === undefined ? 0n : BigInt(newest) + 1n) : BigInt(query.after);
    const limit = BigInt(query.limit);
    const from = end > limit ? end - limit : 0n;
    const page =
      end === 0n
        ? []
        : await this.store.readStream(streamName('appraisal', minerId), { from, limit: Number(end - from) });
    const items = page.flatMap((recorded) => {
      const event = aggregates.appraisal.codec.decode(recorded);
      return event.type === 'EvidenceAppraised' ? [appraisalView(recorded, event)] : [];
    });
    return { items: items.reverse(), next: from === 0n ? null : from.toString() };
  }

  private async showPast(minerId: MinerId, at: Moment) {
    const miner = await this.past.row(miners, minerId, at);
    if (miner === null) throw notThen('miner-not-found', `miner ${minerId}`, at);
    const found = await this.past.row(attestations, minerId, at);
    const then = timeOf(at, found ?? miner);
    const stale = found === null ? null : staleThen(found);
    return { ...attestationView(minerId, found?.row ?? null, then, stale), asOf: asOfView(at, found ?? miner) };
  }

  private demand(minerId: MinerId): void {
    if (this.reads.rows.miner(minerId) !== null) return;
    throw new Refusal('miner-not-found', `there is no miner ${minerId}; \`hcc miner ls\` lists them`);
  }
}
