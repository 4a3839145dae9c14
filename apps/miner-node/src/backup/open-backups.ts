import type { Log } from '#edge';
import type { BackupStore, Clock, VmChunks } from '#events';
import { failureOf } from '../failure.ts';
import { limits } from '../limits.ts';
import type { Backups } from '../ports/backups.ts';
import { copyVolume } from './copy-volume.ts';
import { BackupError } from './manifest.ts';
import { patient } from './patient.ts';
import { restoreVolume } from './restore-volume.ts';
import { sweep } from './sweep.ts';

export type BackupsOptions = {
  /** `null` where this miner was told of none: then nothing is copied, and that is said. */
  readonly store: BackupStore | null;
  readonly volumeOf: (vmId: string) => string;
  readonly clock: Clock;
  readonly log: Log;
};

/** The backups of this host's volumes. */
export const openBackups = ({ store, volumeOf, clock, log }: BackupsOptions): Backups => {
  const chunksOf = (vmId: string, signal: AbortSignal): VmChunks => {
    if (store !== null) return patient(store.chunksOf(vmId), { clock, log, signal });
    throw new BackupError('no-backup-store', 'this miner has no store of backups; its operator sets HCC_BACKUP_STORE');
  };
  return {
    copy: async ({ vmId, backupId }, signal) => {
      try {
        const chunks = chunksOf(vmId, signal);
        const made = await copyVolume({ vmId, backupId, volume: volumeOf(vmId), chunks }, signal);
        log('info', 'backup made', { vmId, backupId, ...made });
        return { backupId, outcome: 'made', ...made };
      } catch (error) {
        signal.throwIfAborted();
        const { code, detail } = failureOf(error, 'backup-failed');
        log('error', 'backup failed', { vmId, backupId, code, reason: detail });
        return {
          backupId,
          outcome: 'failed',
          code: code.slice(0, 64),
          detail: detail.slice(0, limits.detailCharactersMax),
        };
      }
    },
    sees: async ({ vmId, manifestSha256 }) =>
      store === null
        ? { store: null, isThere: false }
        : {
            store: store.name.slice(0, limits.storeNameCharactersMax),
            isThere: await store.chunksOf(vmId).has(manifestSha256),
          },
    restore: async ({ vmId, ...plan }, signal) => {
      const chunks = chunksOf(vmId, signal);
      const restored = await restoreVolume({ vmId, ...plan, volume: volumeOf(vmId), chunks }, signal);
      log('info', 'volume restored', { vmId, manifestSha256: plan.manifestSha256, ...restored });
      return restored;
    },
    sweep: async ({ vmId, keep }, signal) => {
      if (store === null) return;
      const done = new AbortController();
      const limit = new AbortController();
      void clock.sleep(limits.sweepMs, done.signal).then(() => limit.abort());
      const over = AbortSignal.any([signal, limit.signal]);
      try {
        const removed = await sweep({ vmId, keep, chunks: chunksOf(vmId, over) }, over);
        if (removed > 0) log('info', 'pieces of backups removed', { vmId, removed, backups: keep.length });
      } catch (error) {
        log('warn', 'pieces of backups stay in the store', { vmId, reason: failureOf(error, 'unknown').detail });
      } finally {
        done.abort();
      }
    },
  };
};
