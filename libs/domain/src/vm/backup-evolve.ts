import { unreachable } from '../errors.ts';
import type { VmBackupEvent } from './backup-events.ts';
import type { VmEvent } from './events.ts';
import { backupsMax } from './limits.ts';
import { waiting } from './requested.ts';
import type { Vm } from './state.ts';

/** The VM after one more event of its backups. */
export const evolveBackup = (vm: Vm, event: VmBackupEvent): Vm => {
  switch (event.type) {
    case 'VmBackupRequested': {
      const { backupId, deadlineAt } = event;
      const from = vm.observed === 'failed' ? 'failed' : 'stopped';
      return { ...vm, backup: { backupId, from }, observed: 'backing-up', waiting: waiting('backup', deadlineAt) };
    }
    case 'VmBackupMade': {
      const { type: _, ...made } = event;
      const backupFailure = vm.backupFailure && { ...vm.backupFailure, madeSince: true };
      return backupOver({ ...vm, backups: [...vm.backups, made].slice(-backupsMax), backupFailure });
    }
    case 'VmBackupFailed': {
      const { backupId, code, detail } = event;
      return backupOver({ ...vm, backupFailure: { backupId, code, detail, madeSince: false } });
    }
    case 'VmBackupRemoved': {
      const backups = vm.backups.filter(({ backupId }) => backupId !== event.backupId);
      return { ...vm, backups, removedBackups: [...vm.removedBackups, event.backupId].slice(-backupsMax) };
    }
    case 'VmRestoreRequested': {
      const { backupId, manifestSha256, minerId, generation, deadlineAt } = event;
      const from = vm.observed === 'failed' ? 'failed' : 'stopped';
      const restore = { backupId, manifestSha256, minerId, generation, from } as const;
      const asked: Vm = { ...vm, generation, restore };
      // A lost VM stays lost until another miner has it: its own may come back first.
      return vm.observed === 'lost'
        ? asked
        : { ...asked, observed: 'restoring', waiting: waiting('reservation', deadlineAt) };
    }
    case 'VmRestoreRefused': {
      const refused: Vm = { ...vm, restore: null, restoreRefusal: { code: event.code, detail: event.detail } };
      return vm.observed === 'restoring'
        ? { ...refused, observed: vm.restore?.from ?? 'stopped', waiting: null }
        : refused;
    }
    case 'VmCopyRemoved':
      return { ...vm, former: vm.former.filter((copy) => !isSame(copy, event)) };
    default:
      return unreachable(event);
  }
};

/** Whether an event is of a backup, a restore, or a copy that a miner holds no more. */
export const isBackupEvent = <Event extends { readonly type: string }>(
  event: Event,
): event is Extract<Event, VmBackupEvent> => Object.hasOwn(backupTypes, event.type);

const backupTypes: Readonly<Record<VmBackupEvent['type'], true>> = {
  VmBackupRequested: true,
  VmBackupMade: true,
  VmBackupFailed: true,
  VmBackupRemoved: true,
  VmRestoreRequested: true,
  VmRestoreRefused: true,
  VmCopyRemoved: true,
};

type Copy = { readonly minerId: string; readonly generation: number };

const isSame = (copy: Copy, other: Copy): boolean =>
  copy.minerId === other.minerId && copy.generation === other.generation;

const backupOver = (vm: Vm): Vm =>
  vm.observed === 'backing-up'
    ? { ...vm, backup: null, observed: vm.backup?.from ?? 'stopped', waiting: null }
    : { ...vm, backup: null };

/** Another miner, or the same one anew, has the VM. What it was placed on before holds a copy that counts for nothing. */
export const evolvePlaced = (vm: Vm, { minerId, generation }: Extract<VmEvent, { type: 'VmPlaced' }>): Vm => {
  const { restore, placement } = vm;
  const isLeft = placement !== null && placement.minerId !== minerId;
  const placed: Vm = {
    ...vm,
    placement: { minerId, generation },
    former: isLeft ? [...vm.former.filter((copy) => copy.minerId !== minerId), placement] : vm.former,
    proposal: null,
    placementFailure: null,
    observed: 'stopped',
    waiting: null,
    ...found,
    // Another miner counts its reports from its own beginning.
    lastReport: null,
  };
  if (restore?.generation !== generation) return placed;
  const { backupId, manifestSha256 } = restore;
  const restored = { backupId, manifestSha256, generation };
  return { ...placed, endpoint: null, restore: null, restoreRefusal: null, restored, ...abandoned(vm) };
};

/** Nothing of it is lost any more. */
const found = { observedBeforeLost: null, waitingBeforeLost: null, lastHeardAt: null } as const;

/** A backup that a lost miner was making when the VM was restored elsewhere: nobody will ever say how it ended. */
const abandoned = ({ backup, backupFailure }: Vm): Pick<Vm, 'backup' | 'backupFailure'> => {
  if (backup === null) return { backup, backupFailure };
  const detail = 'its miner was lost, and the VM was restored before that one came back';
  const { backupId } = backup;
  return { backup: null, backupFailure: { backupId, code: 'miner-lost', detail, madeSince: false } };
};

/** What was restored and no guest has opened yet: once one has, the disk is its own again. */
export const unopenedRestore = ({ restored, sealedBoot, boot }: Vm): Vm['restored'] => {
  const isOpened = sealedBoot?.confirmed && restored !== null && (boot?.generation ?? 0) >= restored.generation;
  return isOpened ? null : restored;
};
