import type { MinerId } from '../values/ids.ts';
import type { Size } from '../values/size.ts';
import type { UnixMs } from '../values/time.ts';

// These names and fields are the stored format of `vm-<id>`. They change only with a new version and an upcaster.

/** Names one backup, unique beneath its VM. */
export type BackupId = string;

/** What a miner says of a copy that is complete in its store. Nothing vouches for it but the guest that opens it again. */
export type BackupCopy = {
  /** SHA-256 of the list of chunks: all of the copy hangs on it. */
  readonly manifestSha256: string;
  /** Size of the volume. */
  readonly bytes: number;
  readonly chunks: number;
  /** What was not in the store yet. */
  readonly newBytes: number;
};

/** What happens to copies of a volume: always ciphertext with its header, never a key. */
export type VmBackupEvent =
  | { readonly type: 'VmBackupRequested'; readonly backupId: BackupId; readonly deadlineAt: UnixMs }
  | ({
      readonly type: 'VmBackupMade';
      readonly backupId: BackupId;
      /** How often the guest had said it opened the volume: a restored one says no more than this. */
      readonly counter: number;
      readonly headerSha256: string;
      readonly madeAt: UnixMs;
    } & BackupCopy)
  /** The volume is as it was, and so are the backups before. With `cancelled`, its owner ended it. */
  | { readonly type: 'VmBackupFailed'; readonly backupId: BackupId; readonly code: string; readonly detail: string }
  /** It counts no more: what of it no other backup needs may go from the store. */
  | { readonly type: 'VmBackupRemoved'; readonly backupId: BackupId }
  | {
      readonly type: 'VmRestoreRequested';
      readonly backupId: BackupId;
      readonly manifestSha256: string;
      readonly minerId: MinerId;
      /** The generation it becomes if that miner has the room; a refused one is not used again. */
      readonly generation: number;
      /** The generation whose allocation on the same miner it takes the place of; `null` on another one. */
      readonly replaces: number | null;
      readonly size: Size;
      readonly deadlineAt: UnixMs;
    }
  /** It stays where it is, with the disk it has. */
  | { readonly type: 'VmRestoreRefused'; readonly generation: number; readonly code: string; readonly detail: string }
  /** A miner that held it before has removed what it had. */
  | { readonly type: 'VmCopyRemoved'; readonly minerId: MinerId; readonly generation: number };
