import type { BackupCopy } from '#domain';
import { sha256Of } from '../sealed/silicon.ts';
import type { SimVolume } from '../sealed/volume.ts';

type Kept = { readonly volume: SimVolume; readonly diskBytes: number };

/** One store of backups that every miner reaches, as a bucket is. What is in it outlives its miners. */
export type SimBackupStore = {
  put(vmId: string, kept: Kept): BackupCopy;
  get(vmId: string, manifestSha256: string): Kept | null;
  /** Removes what of this VM is on no list. */
  sweep(vmId: string, keep: readonly string[]): void;
};

export const createBackupStore = (): SimBackupStore => {
  const vms = new Map<string, Map<string, Kept>>();
  const of = (vmId: string): Map<string, Kept> => {
    const there = vms.get(vmId) ?? new Map<string, Kept>();
    vms.set(vmId, there);
    return there;
  };
  return {
    put: (vmId, kept) => {
      // By content, as a real list of pieces is: the same volume twice is one.
      const manifestSha256 = sha256Of(JSON.stringify([vmId, kept]));
      const newBytes = of(vmId).has(manifestSha256) ? 0 : kept.diskBytes;
      of(vmId).set(manifestSha256, kept);
      return { manifestSha256, bytes: kept.diskBytes, chunks: 1, newBytes };
    },
    get: (vmId, manifestSha256) => of(vmId).get(manifestSha256) ?? null,
    sweep: (vmId, keep) => {
      for (const manifestSha256 of of(vmId).keys()) if (!keep.includes(manifestSha256)) of(vmId).delete(manifestSha256);
    },
  };
};
