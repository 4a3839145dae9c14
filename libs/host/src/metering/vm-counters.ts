import { z } from 'zod';
import { HostError } from '../errors.ts';
import type { RunningVm } from '../qemu/running-vm.ts';
import { readProcessCounters } from './process-counters.ts';

/** What one run of a VM has used since its QEMU began. Each only rises while that QEMU lives, whoever asks. */
export type VmUsage = {
  readonly cpuTimeMs: number;
  readonly uptimeMs: number;
  readonly diskReadBytes: number;
  readonly diskReadOperations: number;
  readonly diskWrittenBytes: number;
  readonly diskWriteOperations: number;
};

/** Usage, and what it has at this moment. */
export type VmCounters = { readonly usage: VmUsage; readonly memoryBytes: number };

/** Reads a VM's counters from the kernel and from its QEMU. Refuses with `vm-gone`, or as QMP does. */
export async function readVmCounters({ vmId, process, qmp }: RunningVm): Promise<VmCounters> {
  const [counted, blocks] = await Promise.all([readProcessCounters(process.pid), qmp.execute('query-blockstats')]);
  if (counted === undefined) {
    throw new HostError('vm-gone', `VM ${vmId} has no process ${process.pid} any more`, { vmId, pid: process.pid });
  }
  const { cpuTimeMs, uptimeMs, memoryBytes } = counted;
  return { usage: { cpuTimeMs, uptimeMs, ...diskUsage(blocks) }, memoryBytes };
}

type DiskUsage = Omit<VmUsage, 'cpuTimeMs' | 'uptimeMs'>;

/** What went through a VM's own disk, as query-blockstats tells it; what is read of an image beside it is not the owner's
 *  doing. Refuses with `qmp-refused` an answer that is none. */
export function diskUsage(answer: unknown): DiskUsage {
  const parsed = blockStats.safeParse(answer);
  if (!parsed.success) {
    throw new HostError('qmp-refused', `QEMU's query-blockstats is not what it must be: ${parsed.error.message}`);
  }
  const sum = (pick: (stats: Stats) => number): number =>
    parsed.data.reduce((total, { qdev, stats }) => total + (isOwnDisk(qdev) ? pick(stats) : 0), 0);
  return {
    diskReadBytes: sum((stats) => stats.rd_bytes),
    diskReadOperations: sum((stats) => stats.rd_operations),
    diskWrittenBytes: sum((stats) => stats.wr_bytes),
    diskWriteOperations: sum((stats) => stats.wr_operations),
  };
}

const count = z.int().nonnegative();
const stats = z.object({ rd_bytes: count, rd_operations: count, wr_bytes: count, wr_operations: count });
type Stats = z.infer<typeof stats>;
/** A sealed VM has three disks; sixteen leaves room for those it is given later. */
const blockStats = z.array(z.object({ qdev: z.string().max(256).optional(), stats })).max(16);

/** QEMU names a device by its path: `/machine/peripheral/disk0-device/virtio-backend`. */
const isOwnDisk = (qdev = ''): boolean => qdev.split('/').includes('disk0-device');
