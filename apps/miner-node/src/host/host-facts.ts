import { readFile, stat, statfs } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { gibibyte, mebibyte, type Size } from '#domain';
import { CannotStart } from '../failure.ts';
import { limits } from '../limits.ts';
import type { VmDirs } from '../vm/vm-dir.ts';

/** What this host is, read once per life of the agent. */
export type HostFacts = {
  readonly hostBootId: string;
  readonly cpuModel: string;
  readonly vcpus: number;
  readonly memoryBytes: number;
  /** Of the file system with the VM directories: all of it, and what is free or already used by VMs' disks. */
  readonly diskTotalBytes: number;
  readonly diskForVmsBytes: number;
};

/** Reads the host's facts. `hostBootId` is new with every boot of the kernel, and only then. */
export const readHostFacts = async (minerDir: string, dirs: Pick<VmDirs, 'list'>): Promise<HostFacts> => {
  const hostBootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const { bsize, blocks, bavail } = await statfs(minerDir);
  const used = await Promise.all(
    (await dirs.list())
      .flatMap((vmId) => ['disk.qcow2', 'volume.luks'].map((name) => join(minerDir, 'vms', vmId, name)))
      .map(bytesOnDisk),
  );
  return {
    hostBootId,
    cpuModel: (cpus()[0]?.model ?? 'unknown').trim().slice(0, 200),
    vcpus: availableParallelism(),
    memoryBytes: totalmem(),
    diskTotalBytes: bsize * blocks,
    diskForVmsBytes: bsize * bavail + used.reduce((sum, bytes) => sum + bytes, 0),
  };
};

/** What the host offers: as configured, else everything but a reserve. Pure.
 *  Refuses with CannotStart more memory or disk than there is. vCPUs may be more: they share processors by time. */
export const capacityOf = (facts: HostFacts, configured: Partial<Size>): Size => {
  const memoryFree = Math.max(0, facts.memoryBytes - limits.hostReserveMemoryBytes);
  const diskFree = Math.max(0, facts.diskForVmsBytes - limits.hostReserveDiskBytes);
  const capacity = {
    vcpus: configured.vcpus ?? facts.vcpus,
    memoryBytes: configured.memoryBytes ?? whole(memoryFree, mebibyte),
    // Whole GiB, so that a restart with a slightly fuller disk declares nothing new.
    diskBytes: configured.diskBytes ?? whole(diskFree, gibibyte),
  };
  refuseMore('HCC_MINER_MEMORY_BYTES', capacity.memoryBytes, facts.memoryBytes);
  refuseMore('HCC_MINER_DISK_BYTES', capacity.diskBytes, facts.diskTotalBytes);
  return capacity;
};

const refuseMore = (name: string, offered: number, there: number): void => {
  if (offered <= there) return;
  throw new CannotStart(`${name} offers ${offered} bytes, but this host has ${there}: offer less, or leave it out`);
};

const whole = (bytes: number, unit: number): number => Math.floor(bytes / unit) * unit;

/** What a sparse file really takes; 0 when there is none. */
const bytesOnDisk = async (path: string): Promise<number> => {
  const found = await stat(path).catch(() => null);
  return found === null ? 0 : found.blocks * 512;
};
