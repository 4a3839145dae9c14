import { backupDeadlineMs, reservationDeadlineMs, type VmBackupEvent, type VmEvent } from '#domain';
import { minerId, nano, noon, otherMinerId, sha256Of, uuid } from './samples.ts';
import { headerSha256, untilSealed } from './vm-sealed-story.ts';
import { boot, happened, type VmCommandOf, type VmEventOf } from './vm-story.ts';

export const backupId = (n = 1): string => uuid(800 + n);
export const manifestSha256 = sha256Of('a');
export const copied = { manifestSha256, bytes: 1_073_741_824, chunks: 4, newBytes: 16_777_216 } as const;

export const backUp = (n = 1): VmCommandOf<'BackUpVm'> => ({ type: 'BackUpVm', now: noon, backupId: backupId(n) });
export const removeBackup = (n = 1): VmCommandOf<'RemoveBackup'> => ({
  ...{ type: 'RemoveBackup', now: noon, backupId: backupId(n), nextBootId: boot(104) },
});
export const restore = (n = 1, more: Partial<VmCommandOf<'RestoreVm'>> = {}): VmCommandOf<'RestoreVm'> => ({
  type: 'RestoreVm',
  now: noon,
  backupId: backupId(n),
  minerId,
  ...more,
});

/** Events of backups, as they are stored. */
export const kept = {
  requested: (n = 1): VmEventOf<'VmBackupRequested'> => ({
    type: 'VmBackupRequested',
    backupId: backupId(n),
    deadlineAt: noon + backupDeadlineMs,
  }),
  made: (n = 1, counter = 1): VmEventOf<'VmBackupMade'> => ({
    ...{ type: 'VmBackupMade', backupId: backupId(n), ...copied },
    ...{ counter, headerSha256, madeAt: noon },
  }),
  failed: (n = 1): VmEventOf<'VmBackupFailed'> => ({
    ...{ type: 'VmBackupFailed', backupId: backupId(n), code: 'store-unreachable', detail: 'no answer' },
  }),
  removed: (n = 1): VmEventOf<'VmBackupRemoved'> => ({ type: 'VmBackupRemoved', backupId: backupId(n) }),
  restoreRequested: (
    generation = 2,
    more: Partial<VmEventOf<'VmRestoreRequested'>> = {},
  ): VmEventOf<'VmRestoreRequested'> => ({
    ...{ type: 'VmRestoreRequested', backupId: backupId(), manifestSha256, minerId: otherMinerId, generation },
    ...{ replaces: null, size: nano, deadlineAt: noon + reservationDeadlineMs },
    ...more,
  }),
  restoreRefused: (generation = 2, code = 'memory'): VmEventOf<'VmRestoreRefused'> => ({
    ...{ type: 'VmRestoreRefused', generation, code },
    detail: `miner ${otherMinerId} cannot set the room aside (${code})`,
  }),
  copyRemoved: (generation = 1): VmEventOf<'VmCopyRemoved'> => ({ type: 'VmCopyRemoved', minerId, generation }),
} as const;

type Samples = { readonly [Type in VmBackupEvent['type']]: readonly [VmEventOf<Type>, ...VmEventOf<Type>[]] };

/** At least one of every event of backups. */
export const backupSamples: Samples = {
  VmBackupRequested: [kept.requested(), kept.requested(2)],
  VmBackupMade: [kept.made(), kept.made(2, 3)],
  VmBackupFailed: [kept.failed()],
  VmBackupRemoved: [kept.removed()],
  VmRestoreRequested: [kept.restoreRequested(), kept.restoreRequested(2, { minerId, replaces: 1 })],
  VmRestoreRefused: [kept.restoreRefused()],
  VmCopyRemoved: [kept.copyRemoved()],
};

const stopped: readonly VmEvent[] = [...untilSealed.running, happened.stopRequested, happened.stopped(3, 'requested')];
const backedUp: readonly VmEvent[] = [...stopped, kept.requested(), kept.made()];

/** Histories of a sealed VM that end in a state with a name. */
export const untilKept = { stopped, backedUp };
