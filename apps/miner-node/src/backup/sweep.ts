import type { VmChunks } from '#events';
import { limits } from '../limits.ts';
import { decodeManifest } from './manifest.ts';

export type SweepPlan = {
  readonly vmId: string;
  /** The lists of the backups that count. */
  readonly keep: readonly string[];
  readonly chunks: VmChunks;
};

/**
 * Removes the pieces of a VM that none of its backups names. Removes nothing where one of their lists cannot be read:
 * nobody knows then what it names. Resolves to how many went; what a signal leaves, the next one takes.
 */
export const sweep = async ({ vmId, keep, chunks }: SweepPlan, signal: AbortSignal): Promise<number> => {
  const named = new Set(keep);
  for (const sha256 of keep) {
    signal.throwIfAborted();
    for (const piece of decodeManifest(await chunks.get(sha256), vmId).pieces) {
      if (piece !== null) named.add(piece);
    }
  }
  let removed = 0;
  let batch: string[] = [];
  const removeBatch = async (): Promise<void> => {
    await Promise.all(batch.map((sha256) => chunks.remove(sha256)));
    removed += batch.length;
    batch = [];
  };
  for await (const sha256 of chunks.list()) {
    signal.throwIfAborted();
    if (!named.has(sha256)) batch.push(sha256);
    if (batch.length >= limits.sweepAtOnce) await removeBatch();
  }
  await removeBatch();
  return removed;
};
