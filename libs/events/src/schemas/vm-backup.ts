import { z } from 'zod';
import type { BackupOutcome, VmBackupEvent } from '#domain';
import { count, instant, longText, minerId, sha256Hex, shortText, size } from './values.ts';
import type { EventSchemas } from './vm.ts';

export const backupId = z.uuid().lowercase();
const copy = { manifestSha256: sha256Hex, bytes: count, chunks: count, newBytes: count };

/** Stored form, version 1, of what happens to the backups of a VM. */
export const vmBackupEvents = {
  VmBackupRequested: z.strictObject({ backupId, deadlineAt: instant }),
  VmBackupMade: z.strictObject({ backupId, ...copy, counter: count, headerSha256: sha256Hex, madeAt: instant }),
  VmBackupFailed: z.strictObject({ backupId, code: shortText, detail: longText }),
  VmBackupRemoved: z.strictObject({ backupId }),
  VmRestoreRequested: z.strictObject({
    backupId,
    manifestSha256: sha256Hex,
    minerId,
    generation: count,
    replaces: count.nullable(),
    size,
    deadlineAt: instant,
  }),
  VmRestoreRefused: z.strictObject({ generation: count, code: shortText, detail: longText }),
  VmCopyRemoved: z.strictObject({ minerId, generation: count }),
} satisfies EventSchemas<VmBackupEvent>;

/** What a miner says of a backup: untrusted bytes until parsed. */
export const backupOutcome: z.ZodType<BackupOutcome> = z.discriminatedUnion('outcome', [
  z.strictObject({ outcome: z.literal('made'), backupId, ...copy }),
  z.strictObject({ outcome: z.literal('failed'), backupId, code: shortText, detail: longText }),
]);

/** What a miner is told to copy, and what to make a volume from. */
export const backupWanted = z.strictObject({ backupId });
export const restoreWanted = z.strictObject({ backupId, manifestSha256: sha256Hex, generation: count });

/** What of the store counts. A few more than are ever kept, so that a build that keeps more is still understood. */
export const keptBackups = z.array(sha256Hex).max(1_024);
