import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { type BootId, type MinerId, Refusal, type UnixMs, type Vm, type VmCommand, type VmId } from '#domain';
import { BusUnavailable, bootIdOf, type EventStore, type OrchestratorBus, streamName } from '#events';
import { HandleVm } from '../../handling/messages.ts';
import { vms } from '../../projections/vms.projection.ts';
import { BUS, OWNERSHIP, PAST, READS, STAMP, STORE } from '../../tokens.ts';
import { accepted, commandAnswer } from '../answer.ts';
import { noVm, type Ownership, vmNow } from '../ownership.ts';
import { partThen } from '../part-then.ts';
import type { Past } from '../past.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, json, route } from '../route.ts';
import { atQuery, momentRefusals } from '../schemas/moments.ts';
import { backUpVm as backUpBody, backupPath, restoreVm as restoreBody, vmPath } from '../schemas/vms.ts';
import type { Stamp } from '../stamp.ts';
import { vmBackupsAnswer, vmBackupsView } from '../views/vm-backups.view.ts';
import { countsText, placementEvidence } from './why-not.ts';

const usable = ['vm-not-found', 'vm-refused', 'vm-terminated', 'vm-not-sealed', 'vm-not-stopped'] as const;

const backUpVm = route({
  method: 'POST',
  path: '/v1/vms/:vmId/backups',
  summary:
    'Copy the ciphertext of a stopped VM, under an id of your own making; the newest 64 are kept. Follow its stream for VmBackupMade',
  roles: ['operator', 'owner'],
  params: vmPath,
  body: backUpBody,
  answer: commandAnswer,
  refusals: [...usable, ...(['vm-backing-up', 'vm-never-booted', 'vm-not-restored'] as const)],
});

const listBackups = route({
  method: 'GET',
  path: '/v1/vms/:vmId/backups',
  summary: 'The backups of a VM, and what is under way with them',
  roles: ['operator', 'owner'],
  params: vmPath,
  query: atQuery,
  answer: json(vmBackupsAnswer),
  refusals: ['vm-not-found', ...momentRefusals],
});

const removeBackup = route({
  method: 'DELETE',
  path: '/v1/vms/:vmId/backups/:backupId',
  summary:
    'Remove one backup: others keep the pieces that they need. One that is being made is cancelled, which is VmBackupFailed',
  roles: ['operator', 'owner'],
  params: backupPath,
  answer: commandAnswer,
  refusals: [
    ...(['vm-not-found', 'vm-refused', 'vm-terminated', 'vm-not-sealed'] as const),
    ...(['backup-not-found', 'backup-in-use'] as const),
  ],
});

const restoreVm = route({
  method: 'POST',
  path: '/v1/vms/:vmId/restore',
  summary:
    'Make the disk of a VM what a backup has, as a new generation; its next boot attests anew and may need a consent',
  roles: ['operator', 'owner'],
  params: vmPath,
  body: restoreBody,
  answer: commandAnswer,
  refusals: [
    ...usable,
    ...([
      'backup-not-found',
      'backup-not-in-store',
      'vm-restoring',
      'miner-lost',
      'miner-not-found',
      'no-miner-fits',
    ] as const),
  ],
});

@Controller()
export class BackupsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(STORE) private readonly store: EventStore,
    @Inject(READS) private readonly reads: Reads,
    @Inject(OWNERSHIP) private readonly ownership: Ownership,
    @Inject(STAMP) private readonly stamp: Stamp,
    @Inject(PAST) private readonly past: Past,
    @Inject(BUS) private readonly bus: Pick<OrchestratorBus, 'askBackup'>,
  ) {}

  @Answers(backUpVm)
  async backUp(
    @From() caller: Caller,
    @Asked(backUpVm) { params: { vmId }, body: { backupId } }: AskedOf<typeof backUpVm>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    await this.ownership.demandVm(caller.principal, vmId);
    return this.give(caller, reply, vmId, ({ now }) => ({ type: 'BackUpVm', backupId, now }), 'BackUpVm');
  }

  @Answers(listBackups)
  async list(@From() caller: Caller, @Asked(listBackups) { params: { vmId }, query }: AskedOf<typeof listBackups>) {
    await this.ownership.demandVm(caller.principal, vmId);
    if (query.at === undefined) return { ...vmBackupsView(await this.vm(vmId)), stale: null };
    return partThen(this.past, query.at, { projection: vms, kind: 'VM', id: vmId }, ({ vm }) => vmBackupsView(vm));
  }

  @Answers(removeBackup)
  async remove(
    @From() caller: Caller,
    @Asked(removeBackup) { params: { vmId, backupId } }: AskedOf<typeof removeBackup>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    await this.ownership.demandVm(caller.principal, vmId);
    return this.give(caller, reply, vmId, (next) => ({ type: 'RemoveBackup', backupId, ...next }), 'RemoveBackup');
  }

  @Answers(restoreVm)
  async restore(
    @From() caller: Caller,
    @Asked(restoreVm) { params: { vmId }, body }: AskedOf<typeof restoreVm>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    await this.ownership.demandVm(caller.principal, vmId);
    const { backupId } = body;
    const vm = await this.vm(vmId);
    const minerId = body.minerId ?? this.choose(vm);
    await this.demandMiner(vm, minerId);
    await this.demandThere(vm, backupId, minerId);
    return this.give(caller, reply, vmId, ({ now }) => ({ type: 'RestoreVm', backupId, minerId, now }), 'RestoreVm');
  }

  /** The miner that has it, unless that is lost. The one that is chosen still checks its own room. */
  private choose(vm: Vm): MinerId {
    if (vm.placement !== null && vm.observed !== 'lost') return vm.placement.minerId;
    if (vm.restore !== null) return vm.restore.minerId;
    const { counts, of } = placementEvidence(this.reads.rows, vm.size, false);
    const fit = [...of.values()].find(({ code, minerId }) => code === null && minerId !== vm.placement?.minerId);
    if (fit !== undefined) return fit.minerId;
    throw new Refusal('no-miner-fits', `no other miner can take VM ${vm.vmId} now: ${countsText(counts)}`);
  }

  /** Refuses what names no miner: nobody would ever answer, and the VM would wait for that. */
  private async demandMiner({ vmId, placement }: Vm, minerId: MinerId): Promise<void> {
    if (placement?.minerId === minerId) return;
    const [first] = await this.store.readStream(streamName('miner', minerId), { from: 0n, limit: 1 });
    if (first !== undefined) return;
    throw new Refusal(
      'miner-not-found',
      `there is no miner ${minerId} to restore VM ${vmId} onto; hcc vm why-not ${vmId} lists those that fit`,
      { observed: minerId },
    );
  }

  /** Refuses a miner that says its store lacks the backup. One that does not answer may be back when it is its turn. */
  private async demandThere({ vmId, backups }: Vm, backupId: string, minerId: MinerId): Promise<void> {
    const made = backups.find((backup) => backup.backupId === backupId);
    if (made === undefined) return;
    const { manifestSha256 } = made;
    const seen = await this.bus.askBackup(minerId, { vmId, manifestSha256 }).catch((error: unknown) => {
      if (error instanceof BusUnavailable) return null;
      throw error;
    });
    if (seen === null || seen.isThere) return;
    const where = seen.store === null ? 'has no store of backups' : `keeps backups in ${seen.store}`;
    throw new Refusal(
      'backup-not-in-store',
      `miner ${minerId} ${where}, and backup ${backupId} of VM ${vmId} is not there`,
      { observed: seen.store ?? 'none', wanted: backupId },
    );
  }

  private async vm(vmId: string): Promise<Vm> {
    const vm = await vmNow(this.store, vmId);
    if (vm === null) throw noVm(vmId);
    return vm;
  }

  private async give(
    caller: Caller,
    reply: HttpReply,
    vmId: VmId,
    build: (next: { readonly now: UnixMs; readonly nextBootId: BootId }) => VmCommand,
    kind: VmCommand['type'],
  ) {
    const meta = this.stamp.change(caller, kind, vmId);
    const command = build({ now: this.stamp.now(), nextBootId: bootIdOf(meta.commandId) });
    const outcome = await this.commands.execute(new HandleVm(vmId, command, meta));
    return accepted(reply, outcome, `/v1/vms/${vmId}/backups`);
  }
}
