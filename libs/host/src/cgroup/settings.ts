import { limits } from '../limits.ts';
import type { VmLimits } from '../qemu/vm-limits.ts';
import type { Controller } from './places.ts';

/** One value to write into a group's file. One that is not `required` may be missing from a kernel (no swap, say). */
export type Setting = {
  readonly controller: Controller;
  readonly file: string;
  readonly value: string;
  readonly required: boolean;
};

/** A VM's limits as the files of a version 2 group. `device` is `major:minor` of the disk below the VM's files. Pure. */
export function v2Settings(vm: VmLimits, device: string | undefined): readonly Setting[] {
  const { operationsPerSecond, bytesPerSecond } = walled(vm);
  const io = `rbps=${bytesPerSecond} wbps=${bytesPerSecond} riops=${operationsPerSecond} wiops=${operationsPerSecond}`;
  return [
    set('cpu', 'cpu.max', `${quotaUs(vm)} ${periodUs}`),
    set('cpu', 'cpu.weight', weight(vm.cpuWeight, 100, 10_000), 'if-there'),
    set('memory', 'memory.max', `${vm.memoryBytes}`),
    set('memory', 'memory.swap.max', '0', 'if-there'),
    // QEMU is one process; without this the kernel might end a helper thread's leader only.
    set('memory', 'memory.oom.group', '1', 'if-there'),
    set('pids', 'pids.max', `${vm.tasksMax}`),
    ...(device === undefined ? [] : [set('io', 'io.max', `${device} ${io}`)]),
  ];
}

/** The same as the files of version 1 groups. Order matters: memory with swap may not be below memory. Pure. */
export function v1Settings(vm: VmLimits, device: string | undefined): readonly Setting[] {
  const { operationsPerSecond, bytesPerSecond } = walled(vm);
  const throttle = (what: string, value: number): Setting => set('io', `blkio.throttle.${what}`, `${device} ${value}`);
  return [
    set('cpu', 'cpu.cfs_period_us', `${periodUs}`),
    set('cpu', 'cpu.cfs_quota_us', `${quotaUs(vm)}`),
    set('cpu', 'cpu.shares', weight(vm.cpuWeight, 1_024, 262_144), 'if-there'),
    set('memory', 'memory.limit_in_bytes', `${vm.memoryBytes}`),
    set('memory', 'memory.memsw.limit_in_bytes', `${vm.memoryBytes}`, 'if-there'),
    set('pids', 'pids.max', `${vm.tasksMax}`),
    ...(device === undefined
      ? []
      : [
          throttle('read_bps_device', bytesPerSecond),
          throttle('write_bps_device', bytesPerSecond),
          throttle('read_iops_device', operationsPerSecond),
          throttle('write_iops_device', operationsPerSecond),
        ]),
  ];
}

/** The usual period: long enough to cost nothing, short enough that nobody notices a pause. */
const periodUs = 100_000;

/** What the group of all VMs weighs against everything else on its host. Without it, all VMs together would weigh as
 *  much as one task. Pure. */
export function baseWeight(version: 1 | 2, processors: number): { readonly file: string; readonly value: string } {
  return version === 2
    ? { file: 'cpu.weight', value: weight(limits.vmsWeightPerProcessor, 100, 10_000) }
    : { file: 'cpu.shares', value: weight(limits.vmsWeightPerProcessor * processors, 1_024, 262_144) };
}

function weight(count: number, one: number, most: number): string {
  return `${Math.min(most, count * one)}`;
}

function quotaUs({ processors }: VmLimits): number {
  return Math.round(processors * periodUs);
}

/** QEMU holds the guest's own requests to the rate. The kernel's wall stands further out, for what a disk format adds
 *  and for a QEMU that was taken over. */
function walled({ disk }: VmLimits): VmLimits['disk'] {
  return { operationsPerSecond: 2 * disk.operationsPerSecond, bytesPerSecond: 2 * disk.bytesPerSecond };
}

function set(controller: Controller, file: string, value: string, need: 'required' | 'if-there' = 'required'): Setting {
  return { controller, file, value, required: need === 'required' };
}
