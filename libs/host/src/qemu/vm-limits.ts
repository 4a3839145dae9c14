import { limits } from '../limits.ts';
import type { Accelerator } from './accelerator.ts';

/** What one VM may take of its host. */
export type VmLimits = {
  /** Processor time per second of time: 1.1 is one whole processor and a tenth of another. */
  readonly processors: number;
  /** Its share of a busy host against other VMs: as many as it has processors. */
  readonly cpuWeight: number;
  /** All of QEMU's memory: the guest's and its own. There is no swap beside it. */
  readonly memoryBytes: number;
  /** Threads; a QEMU makes no processes. */
  readonly tasksMax: number;
  readonly disk: DiskLimits;
};

/** Reads and writes together. */
export type DiskLimits = { readonly operationsPerSecond: number; readonly bytesPerSecond: number };

/** The limits that follow from a VM's size. Pure: the same size gives the same limits on every host of a kind. */
export function vmLimits(vm: {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly accelerator: Accelerator;
}): VmLimits {
  const { cpus, memoryBytes, accelerator } = vm;
  return {
    processors: cpus + limits.qemuProcessorShare,
    cpuWeight: cpus,
    memoryBytes: memoryBytes + qemuOverheadBytes(memoryBytes, accelerator),
    tasksMax: limits.qemuThreadsMax + cpus,
    disk: {
      operationsPerSecond: cpus * limits.diskOperationsPerSecondPerCpu,
      bytesPerSecond: cpus * limits.diskBytesPerSecondPerCpu,
    },
  };
}

/** What QEMU needs beside its guest's memory: itself, tables that grow with the guest, and translated code. Pure. */
export function qemuOverheadBytes(guestMemoryBytes: number, accelerator: Accelerator): number {
  const translated = accelerator === 'tcg' ? limits.tcgBufferMebibytes * mebibyte : 0;
  return limits.qemuOwnBytes + Math.ceil(guestMemoryBytes / limits.guestBytesPerTableByte) + translated;
}

const mebibyte = 1024 * 1024;
