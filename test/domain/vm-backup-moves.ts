import { type BackupOutcome, type BootId, unopenedRestore, type Vm, type VmCommand, type VmState } from '#domain';
import { backUp, backupId, copied, kept, restore } from './vm-backup-story.ts';
import type { Whim } from './vm-whims.ts';

type BackupKind = 'BackUpVm' | 'RemoveBackup' | 'RestoreVm';
type Next = { readonly now: number; readonly nextBootId: BootId };

/** An owner who asks for backups, removes them, and goes back to them, onto the same miner or another. */
export const toBackupCommand = (kind: BackupKind, whim: Whim, vm: VmState, next: Next): VmCommand => {
  const { now } = next;
  if (kind === 'BackUpVm') return { ...backUp(whim.times), now };
  const known = whim.aim ? vm?.backups.at(-1)?.backupId : undefined;
  if (kind === 'RemoveBackup') {
    return { type: kind, ...next, backupId: vm?.backup?.backupId ?? known ?? backupId(whim.times) };
  }
  return { ...restore(), now, backupId: known ?? backupId(whim.times), minerId: whim.miner };
};

/** What a miner says of the backup that it makes; now and then of another one. */
export const outcomeOf = (whim: Whim, vm: Vm | null): BackupOutcome | undefined => {
  const asked = (whim.aim ? vm?.backup?.backupId : null) ?? (whim.times === 3 ? backupId(3) : null);
  if (asked === null) return undefined;
  const { code, detail } = kept.failed();
  return whim.times === 2
    ? { backupId: asked, outcome: 'failed', code, detail }
    : { backupId: asked, outcome: 'made', ...copied };
};

/** What a stopped VM's owner does once: a backup, now and then removed for another one, and back to it. */
export const backupStep = (vm: Vm): BackupKind | 'absent' | null => {
  if (vm.former.length > 0) return 'absent';
  if (vm.volume === null || vm.volume.headerSha256 === null || vm.desired !== 'stopped' || unopenedRestore(vm))
    return null;
  if (vm.backups.length === 0) return 'BackUpVm';
  return vm.removedBackups.length === 0 && (vm.boot?.bootEpoch ?? 0) % 2 === 0 ? 'RemoveBackup' : 'RestoreVm';
};
