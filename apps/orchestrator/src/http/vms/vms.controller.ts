import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { type EventStore, streamName } from '#events';
import { HandleVm } from '../../handling/messages.ts';
import { type VmRow, vms } from '../../projections/vms.projection.ts';
import { OWNERSHIP, PAST, READS, STAMP, STORE } from '../../tokens.ts';
import { accepted, commandAnswer } from '../answer.ts';
import { demandAccount, demandSight, maySee } from '../auth/principal.ts';
import { noVm, type Ownership } from '../ownership.ts';
import { notThen, type Past } from '../past.ts';
import { pastList } from '../past-list.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, everyone, json, route } from '../route.ts';
import { listOptions, listView, pageOf } from '../schemas/lists.ts';
import { asOfView, momentRefusals, readAtQuery } from '../schemas/moments.ts';
import { newVm, vmList, vmPath } from '../schemas/vms.ts';
import type { Stamp } from '../stamp.ts';
import { vmAnswer, vmView } from '../views/vm.view.ts';
import { requestVm } from './request-vm.ts';

const createVm = route({
  method: 'POST',
  path: '/v1/vms',
  summary: 'Ask for a VM under an id of your own making; it is admitted and placed after this',
  roles: ['operator', 'owner'],
  body: newVm,
  answer: commandAnswer,
  refusals: [
    'account-not-found',
    'flavor-not-found',
    'flavor-retired',
    'flavor-too-small',
    'image-not-found',
    'image-not-sealed',
    'image-retired',
    'image-private',
    'image-key-absent',
    'image-key-destroyed',
    'insufficient-credits',
    'invalid-name',
    'ssh-key-not-found',
    'ssh-key-required',
    'vm-exists-with-other-content',
  ],
});

const listVms = route({
  method: 'GET',
  path: '/v1/vms',
  summary: 'VMs by age; to an owner, its own',
  roles: everyone,
  query: vmList,
  answer: json(pageOf(vmAnswer)),
  refusals: ['account-not-found', ...momentRefusals],
});

const showVm = route({
  method: 'GET',
  path: '/v1/vms/:vmId',
  summary: 'One VM: what is wanted, what is, and since when',
  roles: everyone,
  params: vmPath,
  query: readAtQuery,
  answer: json(vmAnswer),
  refusals: ['vm-not-found', 'stream-not-followed', ...momentRefusals],
});

@Controller()
export class VmsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(STORE) private readonly store: EventStore,
    @Inject(READS) private readonly reads: Reads,
    @Inject(PAST) private readonly past: Past,
    @Inject(STAMP) private readonly stamp: Stamp,
    @Inject(OWNERSHIP) private readonly ownership: Ownership,
  ) {}

  @Answers(createVm)
  async request(
    @From() caller: Caller,
    @Asked(createVm) { body, rawBody }: AskedOf<typeof createVm>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    demandAccount(caller.principal, body.accountId);
    const command = await requestVm(this.store, body, this.stamp.now());
    const meta = this.stamp.creation(caller, 'RequestVm', body.vmId, rawBody);
    const outcome = await this.commands.execute(new HandleVm(body.vmId, command, meta));
    return accepted(reply, outcome, `/v1/vms/${body.vmId}`);
  }

  @Answers(listVms)
  async list(
    @From() caller: Caller,
    @Asked(listVms) { query }: AskedOf<typeof listVms>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const accountId = query.accountId ?? caller.principal.accountId;
    if (accountId !== null) demandSight(caller.principal, accountId);
    if (query.at !== undefined) return this.listPast({ ...query, accountId: accountId ?? undefined }, query.at, reply);
    await this.reads.upTo(query.atLeast, reply);
    return listView(this.reads.rows.vms({ ...query, accountId: accountId ?? undefined }, listOptions(query)), (row) =>
      this.view(row),
    );
  }

  @Answers(showVm)
  async show(
    @From() caller: Caller,
    @Asked(showVm) { params: { vmId }, query }: AskedOf<typeof showVm>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    if (query.at !== undefined) return this.showPast(caller, vmId, query.at);
    await this.reads.upTo(query.atLeast, reply);
    const row = this.reads.rows.vm(vmId);
    if (row === null && (await this.ownership.mayRead(caller.principal, streamName('vm', vmId)))) {
      this.reads.demandFollowed('vm', vmId);
    }
    if (row === null || !maySee(caller.principal, row.vm.accountId)) throw noVm(vmId);
    return this.view(row);
  }

  private async listPast(query: AskedOf<typeof listVms>['query'], text: string, reply: HttpReply) {
    const { accountId, name, observed, minerId, flavorId, gone } = query;
    const at = await this.past.at(text);
    await this.reads.upTo(at.position, reply);
    const reader = await this.past.reader(at);
    const page = await pastList(
      {
        ...{ reader, projection: vms },
        // Neither its account nor its name ever changes.
        candidates: (options) => this.reads.rows.vms({ accountId, name }, options),
        placeOf: ({ vm, requestedAt }) => [requestedAt, vm.vmId],
        isWanted: ({ vm }) =>
          (observed === undefined || vm.observed === observed) &&
          (minerId === undefined || vm.placement?.minerId === minerId) &&
          (flavorId === undefined || vm.flavorId === flavorId) &&
          (gone === undefined || (vm.observed === 'terminated' || vm.observed === 'refused') === gone),
      },
      listOptions(query),
    );
    const rows = await Promise.all(
      page.rows.map(async (found) => ({
        ...vmView(found.row, await reader.beside(found)),
        asOf: asOfView(at, found),
      })),
    );
    return listView({ rows, next: page.next }, (row) => row);
  }

  private async showPast(caller: Caller, vmId: string, text: string) {
    const at = await this.past.at(text);
    const reader = await this.past.reader(at);
    const found = await reader.soFar(vms, vmId);
    if (found === null || !maySee(caller.principal, found.row.vm.accountId))
      throw notThen('vm-not-found', `VM ${vmId}`, at);
    return { ...vmView(found.row, await reader.beside(found)), asOf: asOfView(at, found) };
  }

  private view(row: VmRow) {
    const { imageDigest, placement } = row.vm;
    const holder = placement === null ? null : this.reads.rows.miner(placement.minerId);
    return vmView(row, {
      manifest: this.reads.rows.image(imageDigest)?.image.manifest ?? null,
      platform: holder?.miner.attachment?.platform ?? null,
      stale: this.reads.stale('vm', row.vm.vmId),
    });
  }
}
