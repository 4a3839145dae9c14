import { Refusal } from '../errors.ts';
import type { BootId } from '../values/ids.ts';
import type { UnixMs } from '../values/time.ts';
import type { BackupOutcome } from './backup-commands.ts';
import { unopenedRestore } from './backup-evolve.ts';
import { authorizeBoot } from './boot.ts';
import type { VmCommand } from './commands.ts';
import type { VmEvent } from './events.ts';
import { backupDeadlineMs } from './limits.ts';
import { sealedVolume } from './sealed-boot.ts';
import type { Vm } from './state.ts';

type BackUpVm = Extract<VmCommand, { type: 'BackUpVm' }>;

/**
 * A copy of the volume as it is while nothing runs on it. Refuses a VM that may write meanwhile: what it had not written
 * out would be missing, and nobody but its guest could tell.
 */
export const backUpVm = (vm: Vm, { backupId, now }: BackUpVm): readonly VmEvent[] => {
  const { headerSha256 } = sealedVolume(vm);
  if (vm.backup?.backupId === backupId || vm.backups.some((made) => made.backupId === backupId)) return [];
  if (vm.backup !== null) {
    throw new Refusal(
      'vm-backing-up',
      `backup ${vm.backup.backupId} of VM ${vm.vmId} is being made; ask again when that is done`,
      { wanted: backupId, observed: vm.backup.backupId },
    );
  }
  assertIdle(vm, 'a backup of a VM that runs is not supported');
  if (headerSha256 === null) {
    throw new Refusal(
      'vm-never-booted',
      `VM ${vm.vmId} has never opened its disk, so there is nothing to back up; start it first`,
    );
  }
  const unopened = unopenedRestore(vm);
  if (unopened !== null) {
    throw new Refusal(
      'vm-not-restored',
      `VM ${vm.vmId} has not opened its disk since backup ${unopened.backupId} was restored; start it first`,
      { observed: unopened.backupId },
    );
  }
  return [{ type: 'VmBackupRequested', backupId, deadlineAt: now + backupDeadlineMs }];
};

type RemoveBackup = Extract<VmCommand, { type: 'RemoveBackup' }>;

/**
 * A backup that counts no more; one that is being made ends, whatever its miner says of it later. Refuses one that its disk
 * is to be made from: without it there may be none that opens.
 */
export const removeBackup = (vm: Vm, { backupId, ...next }: RemoveBackup): readonly VmEvent[] => {
  sealedVolume(vm);
  if (vm.backup?.backupId === backupId) {
    const failed = { backupId, code: 'cancelled', detail: 'its owner cancelled it' } as const;
    return [{ type: 'VmBackupFailed', ...failed }, ...bootOf(vm, next)];
  }
  if (vm.restore?.backupId === backupId || unopenedRestore(vm)?.backupId === backupId) {
    throw new Refusal(
      'backup-in-use',
      `the disk of VM ${vm.vmId} is to be made from backup ${backupId}, and no guest has opened it yet; start the VM first`,
      { observed: backupId },
    );
  }
  if (vm.backups.some((made) => made.backupId === backupId)) return [{ type: 'VmBackupRemoved', backupId }];
  if (vm.backupFailure?.backupId === backupId || vm.removedBackups.includes(backupId)) return [];
  throw new Refusal('backup-not-found', `VM ${vm.vmId} has no backup ${backupId}`, { wanted: backupId });
};

/** Refuses a VM that is up, or may be given its next boot at any moment, or waits for something else. */
export const assertIdle = (vm: Vm, because: string): void => {
  const isDown = vm.observed === 'stopped' || vm.observed === 'failed';
  if (vm.placement !== null && vm.desired === 'stopped' && isDown) return;
  throw new Refusal(
    'vm-not-stopped',
    `VM ${vm.vmId} is ${vm.observed} (desired ${vm.desired}); ${because}: stop it first`,
    { observed: vm.observed, desired: vm.desired, wanted: 'stopped' },
  );
};

type Next = { readonly nextBootId: BootId; readonly now: UnixMs };

/** What came of the backup, as its miner says, and the boot that waited for it. Another backup's word is no news. */
export const backupOver = (vm: Vm, said: BackupOutcome | undefined, next: Next): readonly VmEvent[] => {
  const { backup, volume } = vm;
  if (backup === null || said?.backupId !== backup.backupId) return [];
  if (said.outcome === 'failed') {
    const { backupId, code, detail } = said;
    return [{ type: 'VmBackupFailed', backupId, code, detail }, ...bootOf(vm, next)];
  }
  if (volume === null || volume.headerSha256 === null) return [];
  const { outcome: _, ...copy } = said;
  const { counter, headerSha256 } = volume;
  return [{ type: 'VmBackupMade', ...copy, counter, headerSha256, madeAt: next.now }, ...bootOf(vm, next)];
};

const bootOf = (vm: Vm, { nextBootId, now }: Next): readonly VmEvent[] =>
  vm.desired === 'running' && vm.placement !== null
    ? [authorizeBoot(vm, 'owner-start', nextBootId, now, vm.placement.generation)]
    : [];

/** Refuses to end a VM with backups that nobody could read any more, unless that was said. */
export const assertBackupsMayDie = (vm: Vm, destroyBackups: boolean): void => {
  const count = vm.backups.length;
  if (count === 0 || destroyBackups) return;
  throw new Refusal(
    'backups-die-with-the-key',
    `VM ${vm.vmId} has ${count} ${count === 1 ? 'backup' : 'backups'}; terminating it destroys the key of its disk, and with it every backup is unreadable for ever: ask for destroyBackups to do it all the same`,
    { observed: count },
  );
};
