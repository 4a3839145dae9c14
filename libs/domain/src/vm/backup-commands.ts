import type { MinerId } from '../values/ids.ts';
import type { BackupCopy, BackupId } from './backup-events.ts';

/** What an owner asks of the copies of a volume. */
export type VmBackupCommand =
  | { readonly type: 'BackUpVm'; readonly backupId: BackupId }
  | { readonly type: 'RestoreVm'; readonly backupId: BackupId; readonly minerId: MinerId };

/** What a miner says of the last backup that it was asked for. */
export type BackupOutcome = { readonly backupId: BackupId } & (
  | ({ readonly outcome: 'made' } & BackupCopy)
  | { readonly outcome: 'failed'; readonly code: string; readonly detail: string }
);
