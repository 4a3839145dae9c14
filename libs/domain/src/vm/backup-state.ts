import type { MinerId } from '../values/ids.ts';
import type { UnixMs } from '../values/time.ts';
import type { BackupCopy, BackupId } from './backup-events.ts';

/** A copy of the volume that can be restored. */
export type Backup = BackupCopy & {
  readonly backupId: BackupId;
  readonly counter: number;
  readonly headerSha256: string;
  readonly madeAt: UnixMs;
};

/** A backup that is being made, and what the VM is while it is. */
export type BackupUnderWay = { readonly backupId: BackupId; readonly from: 'stopped' | 'failed' };

/** Which backup the disk of a generation is made from. */
export type Restored = { readonly backupId: BackupId; readonly manifestSha256: string; readonly generation: number };

/** A restore that waits for the room on its miner. */
export type Restore = Restored & { readonly minerId: MinerId; readonly from: 'stopped' | 'failed' };

/** Why a backup was not made. It belongs to that attempt: with a later backup it is history, and says nothing of what is now. */
export type BackupFailure = {
  readonly backupId: string;
  readonly code: string;
  readonly detail: string;
  readonly madeSince: boolean;
};
