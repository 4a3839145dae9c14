import { z } from 'zod';
import { at, post, remove } from './calls.ts';
import type { Http } from './http.ts';
import { type Accepted, stale } from './views.ts';

// Like ./views.ts: what we read of an answer, and no more.
const id = z.string().max(100);
const text = z.string().max(8_000);
const refusal = { code: text, detail: text };

const backupView = z.looseObject({
  backupId: id,
  madeAt: z.string().max(40),
  bytes: z.number(),
  newBytes: z.number(),
  chunks: z.number(),
  bootCounter: z.number(),
  isOlder: z.boolean(),
});
export type BackupView = z.infer<typeof backupView>;

export const backupsView = z.looseObject({
  backups: z.array(backupView),
  underWay: id.nullable(),
  failure: z.looseObject({ backupId: id, ...refusal }).nullable(),
  restore: z.looseObject({ backupId: id, minerId: id }).nullable(),
  restoreRefusal: z.looseObject(refusal).nullable(),
  restored: id.nullable(),
  stale,
});
export type BackupsView = z.infer<typeof backupsView>;

/** Copies of a VM's disk. A repeat of either command under the same backup changes nothing. */
export const backupRoutes = (http: Http) => ({
  backUpVm: (vmId: string, backupId: string): Promise<Accepted> =>
    post(http, `/v1/vms/${at(vmId)}/backups`, { backupId }),
  vmBackups: (vmId: string): Promise<BackupsView> => http.ask(`/v1/vms/${at(vmId)}/backups`, backupsView),
  removeBackup: (vmId: string, backupId: string): Promise<Accepted> =>
    remove(http, `/v1/vms/${at(vmId)}/backups/${at(backupId)}`),
  restoreVm: (
    vmId: string,
    restore: { readonly backupId: string; readonly minerId?: string | undefined },
  ): Promise<Accepted> => post(http, `/v1/vms/${at(vmId)}/restore`, restore),
});
