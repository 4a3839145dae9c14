import type { BootId, MinerId } from '../values/ids.ts';
import type { BackupCopy, BackupId } from './backup-events.ts';

/** What an owner asks of the copies of a volume. */
export type VmBackupCommand =
  | { readonly type: 'BackUpVm'; readonly backupId: BackupId }
  /** One that is being made is cancelled, and the VM boots if that waited for it. */
  | { readonly type: 'RemoveBackup'; readonly backupId: BackupId; readonly nextBootId: BootId }
  | { readonly type: 'RestoreVm'; readonly backupId: BackupId; readonly minerId: MinerId };

/** What a miner says of the last backup that it was asked for. */
export type BackupOutcome = { readonly backupId: BackupId } & (
  | ({ readonly outcome: 'made' } & BackupCopy)
  | { readonly outcome: 'failed'; readonly code: string; readonly detail: string }
);
