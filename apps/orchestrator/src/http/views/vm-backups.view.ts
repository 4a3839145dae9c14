import { z } from 'zod';
import { unopenedRestore, type Vm } from '#domain';
import { backupId, instant, isoTime, minerId, sha256Hex } from '#events';
import { partOfRow } from '../schemas/moments.ts';

const made = z
  .strictObject({
    backupId,
    madeAt: instant,
    bytes: z.int().describe('Size of the volume'),
    newBytes: z.int().describe('What of it was not in the store yet'),
    chunks: z.int(),
    manifestSha256: sha256Hex.describe('All of the copy hangs on it'),
    headerSha256: sha256Hex,
    bootCounter: z
      .int()
      .describe('The number of the opening that was confirmed last; a later boot makes this an older disk'),
    isOlder: z.boolean().describe('Whether its VM was opened since, so that a restore needs consent'),
  })
  .meta({ id: 'VmBackup' });

const refusal = { code: z.string(), detail: z.string() };

export const vmBackupsAnswer = z
  .strictObject({
    backups: z.array(made).readonly().describe('Oldest first'),
    underWay: backupId.nullable(),
    failure: z
      .strictObject({ backupId, ...refusal })
      .nullable()
      .describe('Why the last one was not made; null once a later one was'),
    restore: z.strictObject({ backupId, minerId }).nullable().describe('A restore that waits for its miner'),
    restoreRefusal: z.strictObject(refusal).nullable().describe('Why the last restore came to nothing'),
    restored: backupId.nullable().describe('What the next boot makes the disk from, until a guest has opened it'),
    ...partOfRow,
  })
  .meta({ id: 'VmBackups' });

/** The backups of a VM, and what is under way with them. */
export const vmBackupsView = (vm: Vm): Omit<z.input<typeof vmBackupsAnswer>, keyof typeof partOfRow> => ({
  backups: vm.backups.map(({ backupId: id, madeAt, counter, ...copy }) => ({
    ...{ backupId: id, ...copy, madeAt: isoTime(madeAt), bootCounter: counter },
    isOlder: counter < (vm.volume?.counter ?? 0),
  })),
  underWay: vm.backup?.backupId ?? null,
  failure: presentFailure(vm),
  restore: vm.restore === null ? null : { backupId: vm.restore.backupId, minerId: vm.restore.minerId },
  restoreRefusal: vm.restoreRefusal,
  restored: unopenedRestore(vm)?.backupId ?? null,
});

/** A failure belongs to its attempt: once a later one was made, only the VM's history tells of it. */
const presentFailure = ({ backupFailure }: Vm): z.input<typeof vmBackupsAnswer>['failure'] => {
  if (backupFailure === null || backupFailure.madeSince) return null;
  const { madeSince: _, ...failure } = backupFailure;
  return failure;
};
