import type { BackupOutcome } from '#domain';
import type { BackupCall, BackupSight } from '#events';

/** Copies of the volumes of this host, in a store that may be elsewhere. All of it ciphertext. */
export type Backups = {
  /** Copies the volume of a VM that does not run. A failure is an outcome; rejects only once the signal is given. */
  copy(of: { readonly vmId: string; readonly backupId: string }, signal: AbortSignal): Promise<BackupOutcome>;
  /** Whether the store of this host has that backup. Rejects when the store does not answer. */
  sees(call: BackupCall): Promise<BackupSight>;
  /** Replaces the VM's volume by a copy, wholly or not at all. Rejects with a code and a sentence. */
  restore(
    of: { readonly vmId: string; readonly manifestSha256: string; readonly diskBytesMax: number },
    signal: AbortSignal,
  ): Promise<{ readonly bytes: number }>;
  /** Removes from the store what none of these backups names. Never rejects: what stays takes room and nothing else. */
  sweep(of: { readonly vmId: string; readonly keep: readonly string[] }, signal: AbortSignal): Promise<void>;
};
