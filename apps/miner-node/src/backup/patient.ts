import type { Log } from '#edge';
import type { BackupStoreError, Clock, VmChunks } from '#events';
import { limits } from '../limits.ts';

type Parts = { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal };

/** The same pieces, asked again with growing pauses while the store cannot answer: one lost request is no lost backup. */
export const patient = (chunks: VmChunks, parts: Parts): VmChunks => ({
  has: (sha256) => again(() => chunks.has(sha256), parts),
  put: (sha256, bytes) => again(() => chunks.put(sha256, bytes), parts),
  get: (sha256) => again(() => chunks.get(sha256), parts),
  list: () => chunks.list(),
  remove: (sha256) => again(() => chunks.remove(sha256), parts),
});

const again = async <Value>(ask: () => Promise<Value>, { clock, log, signal }: Parts): Promise<Value> => {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!isAway(error) || attempts >= limits.backupAttemptsMax) throw error;
      const pauseMs = limits.backupRetryMs * 2 ** (attempts - 1);
      log('warn', 'the store of backups does not answer, it is asked again', { reason: error.message, inMs: pauseMs });
      await clock.sleep(pauseMs, signal);
      signal.throwIfAborted();
    }
  }
};

const isAway = (error: unknown): error is BackupStoreError =>
  error instanceof Error && 'code' in error && error.code === 'backup-store-unavailable';
