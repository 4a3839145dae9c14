import { HostError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Accelerator } from './accelerator.ts';
import { type SnpLaunch, snpMachine, snpVirtioOptions } from './snp-args.ts';

/** What every machine of ours has, whatever is plugged into it. All paths are absolute. */
export type Machine = {
  /** A UUID; the guest sees it as its machine's serial identity, and we know the process by it. */
  readonly vmId: string;
  readonly accelerator: Accelerator;
  readonly cpus: number;
  /** A whole number of MiB. */
  readonly memoryBytes: number;
  readonly boot: { readonly kernelPath: string; readonly initrdPath: string; readonly cmdline: string };
  /** Present: an SEV-SNP guest, or nothing. Such a VM never starts unprotected instead. */
  readonly snp?: SnpLaunch;
};

/** What emulation adds to a kernel's command line: a clock that needs no calibration, no slow mitigations of a
 *  processor that is not there, and entropy without waiting. Never used on real hardware. */
export const tcgKernelParameters = 'no_timer_check mitigations=off random.trust_cpu=on';

/** QEMU's arguments for a machine with nothing plugged in. Pure. */
export function machineArgs(machine: Machine): readonly string[] {
  return [
    ...['-name', `guest=${machine.vmId}`, '-uuid', machine.vmId],
    ...processor(machine),
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    // QEMU handles what a guest sends: it gets no way to start programs or gain rights.
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-kernel', machine.boot.kernelPath, '-initrd', machine.boot.initrdPath],
    ...['-append', kernelCommandLine(machine.boot.cmdline, machine.accelerator)],
  ];
}

/** Randomness, and a panic notifier. */
export function commonDevices(machine: Machine): readonly string[] {
  return [
    ...['-object', 'rng-random,id=rng0,filename=/dev/urandom'],
    ...['-device', `virtio-rng-pci,rng=rng0${virtioOptions(machine)}`],
    // Lets a guest's panic be told from its reboot.
    ...['-device', 'pvpanic-pci'],
  ];
}

/** The command line a kernel really gets: what its image wants, and what emulation adds. Pure. */
export function kernelCommandLine(cmdline: string, accelerator: Accelerator): string {
  return accelerator === 'tcg' ? `${cmdline} ${tcgKernelParameters}` : cmdline;
}

/** What each virtio device of this machine must say of itself. */
export function virtioOptions({ snp }: Pick<Machine, 'snp'>): string {
  return snp === undefined ? '' : snpVirtioOptions;
}

/** In QEMU's comma-separated options a comma is written twice. */
export function option(value: string): string {
  return value.replaceAll(',', ',,');
}

/** Refuses with `hardware-refused` what QEMU could not run or would misread. */
export function checkMachine(machine: Machine, sockets: readonly string[]): void {
  const { vmId, cpus, memoryBytes, snp, accelerator } = machine;
  if (!uuid.test(vmId)) throw refused('vmId', vmId, 'a lower-case UUID');
  if (!Number.isInteger(cpus) || cpus < 1) throw refused('cpus', cpus, 'a whole number from 1');
  if (!Number.isInteger(memoryBytes / mebibyte) || memoryBytes < mebibyte) {
    throw refused('memoryBytes', memoryBytes, 'a whole number of MiB');
  }
  if (snp !== undefined && accelerator !== 'kvm') {
    throw refused('accelerator', accelerator, 'kvm: an SEV-SNP guest cannot be emulated');
  }
  for (const path of sockets) {
    const bytes = Buffer.byteLength(path);
    if (bytes > limits.socketPathBytesMax) throw refused(path, bytes, `at most ${limits.socketPathBytesMax} bytes`);
  }
}

export function refused(field: string, observed: string | number, wanted: string): HostError {
  return new HostError('hardware-refused', `${field} is ${observed}, wanted ${wanted}`, { field, observed, wanted });
}

const mebibyte = 1024 * 1024;
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function processor({ accelerator, cpus, memoryBytes, snp }: Machine): readonly string[] {
  const memoryMebibytes = memoryBytes / mebibyte;
  if (snp !== undefined) return snpMachine(snp, { cpus, memoryMebibytes });
  const tcg = `tcg,thread=multi,tb-size=${limits.tcgBufferMebibytes}`;
  const emulated = accelerator === 'tcg';
  return [
    ...['-machine', 'q35', '-accel', emulated ? tcg : 'kvm', '-cpu', emulated ? 'max' : 'host'],
    // maxcpus equals cpus: no processor is ever plugged in later.
    ...['-smp', `cpus=${cpus},maxcpus=${cpus}`, '-m', `${memoryMebibytes}M`],
  ];
}
