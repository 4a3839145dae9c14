import { Controller, Inject, Res } from '@nestjs/common';
import { type MinerId, offeredFlavor, Refusal, type Vm, whyNotRunning } from '#domain';
import { DoorProblem } from '#edge';
import type { EventStore } from '#events';
import { READS, STORE } from '../../tokens.ts';
import { demandSight, maySee, noAccount, type Principal } from '../auth/principal.ts';
import { accountNow, flavorNow, noVm } from '../ownership.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, everyone, json, route } from '../route.ts';
import { whyNotRequest as requestQuery, vmPath, whyNotVm as vmQuery } from '../schemas/vms.ts';
import { demandCredits, demandKeys } from './request-vm.ts';
import { countsText, type PlacementEvidence, placementEvidence, whyNotAnswer } from './why-not.ts';

const whyNotVm = route({
  method: 'GET',
  path: '/v1/vms/:vmId/why-not',
  summary:
    'Why a VM is not placed or does not run, or is not on a certain miner: the answer, and each miner with its reason',
  roles: everyone,
  params: vmPath,
  query: vmQuery,
  answer: json(whyNotAnswer),
  refusals: ['vm-not-found', 'miner-not-found'],
});

const whyNotRequest = route({
  method: 'GET',
  path: '/v1/why-not',
  summary: 'Whether a VM of a flavor would be accepted and placed now, asking nobody and changing nothing',
  roles: everyone,
  query: requestQuery,
  answer: json(whyNotAnswer),
  refusals: ['flavor-not-found', 'flavor-retired', 'account-not-found', 'miner-not-found'],
});

type Verdict = { readonly ok: boolean; readonly code: string; readonly answer: string };

@Controller()
export class WhyNotController {
  constructor(
    @Inject(READS) private readonly reads: Reads,
    @Inject(STORE) private readonly store: EventStore,
  ) {}

  @Answers(whyNotVm)
  async ofVm(
    @From() { principal }: Caller,
    @Asked(whyNotVm) { params: { vmId }, query }: AskedOf<typeof whyNotVm>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    await this.reads.upTo(query.atLeast, reply);
    const row = this.reads.rows.vm(vmId);
    if (row === null || !maySee(principal, row.vm.accountId)) throw noVm(vmId);
    const { size, flavorId } = row.vm;
    const evidence = placementEvidence(this.reads.rows, size, isInsider(principal));
    return this.answer(verdictOfVm(row.vm, evidence, query.minerId), { flavorId, size }, evidence, reply);
  }

  @Answers(whyNotRequest)
  async ofRequest(
    @From() { principal }: Caller,
    @Asked(whyNotRequest) { query }: AskedOf<typeof whyNotRequest>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    await this.reads.upTo(query.atLeast, reply);
    const flavor = offeredFlavor(await flavorNow(this.store, query.flavorId), query.flavorId);
    const evidence = placementEvidence(this.reads.rows, flavor.size, isInsider(principal));
    const accountId = query.accountId ?? principal.accountId;
    const no = accountId === null ? null : await this.refusalOf(principal, accountId);
    const verdict = no ?? verdictOfPlacement(evidence, query.minerId);
    return this.answer(verdict, flavor, evidence, reply);
  }

  /** What the door would refuse an account today. */
  private async refusalOf(principal: Principal, accountId: string): Promise<Verdict | null> {
    demandSight(principal, accountId);
    const account = await accountNow(this.store, accountId);
    if (account === null) throw noAccount(accountId);
    try {
      demandCredits(account);
      demandKeys(account);
      return null;
    } catch (error) {
      if (error instanceof Refusal || error instanceof DoorProblem) {
        return { ok: false, code: error.code, answer: `it would be refused: ${error.message}` };
      }
      throw error;
    }
  }

  private answer(
    verdict: Verdict,
    { size }: Pick<Vm, 'flavorId' | 'size'>,
    evidence: PlacementEvidence,
    reply: HttpReply,
  ) {
    const { counts, miners } = evidence;
    const position = reply.getHeaders()['hcc-position'];
    return { ...verdict, size, counts, miners, position: typeof position === 'string' ? position : null };
  }
}

const isInsider = ({ role }: Principal): boolean => role !== 'owner';

const verdictOfVm = (vm: Vm, evidence: PlacementEvidence, minerId: MinerId | undefined): Verdict => {
  const holder = vm.placement?.minerId ?? null;
  if (minerId !== undefined && minerId !== holder) {
    const there = explainedOf(evidence, minerId);
    if (holder !== null) {
      return {
        ...{ ok: false, code: 'placed-elsewhere' },
        answer: `it is on miner ${holder}, where its disk is, and is never moved by itself; on miner ${minerId}: ${there.text}`,
      };
    }
  }
  const why = whyNotRunning(vm);
  if (why === null) return { ok: true, code: 'ok', answer: `it runs on miner ${holder ?? 'unknown'}` };
  if (vm.observed !== 'awaiting-placement') return { ok: false, code: why.code, answer: why.text };
  const fits = evidence.counts.fits ?? 0;
  const now =
    fits === 0
      ? `nobody fits now: ${countsText(evidence.counts)}`
      : `by what is shown here ${countsText(evidence.counts)}: a miner that refused it is asked again once it changes`;
  return { ok: false, code: why.code, answer: `${why.text}. ${now}` };
};

const verdictOfPlacement = (evidence: PlacementEvidence, minerId: MinerId | undefined): Verdict => {
  if (minerId !== undefined) {
    const { code, text } = explainedOf(evidence, minerId);
    return code === null
      ? { ok: true, code: 'ok', answer: `it would be accepted, and miner ${minerId} could take it` }
      : { ok: false, code, answer: `miner ${minerId} could not take it: ${text}` };
  }
  return (evidence.counts.fits ?? 0) > 0
    ? { ok: true, code: 'ok', answer: `it would be accepted and placed: ${countsText(evidence.counts)}` }
    : { ok: false, code: 'no-fit', answer: `it would be accepted and wait for room: ${countsText(evidence.counts)}` };
};

const explainedOf = ({ of }: PlacementEvidence, minerId: MinerId) => {
  const found = of.get(minerId);
  if (found === undefined)
    throw new Refusal('miner-not-found', `there is no miner ${minerId}; \`hcc miner ls\` lists them`);
  return found;
};
