import { HostError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Accelerator } from './accelerator.ts';
import { type SnpLaunch, snpMachine, snpVirtioOptions } from './snp-args.ts';
import type { VmFiles } from './vm-files.ts';
import { type DiskLimits, vmLimits } from './vm-limits.ts';

/** A VM as QEMU is to build it. All paths are absolute. */
export type VmHardware = {
  /** A UUID; the guest sees it as its machine's serial identity, and we know the process by it. */
  readonly vmId: string;
  readonly accelerator: Accelerator;
  readonly cpus: number;
  /** A whole number of MiB. */
  readonly memoryBytes: number;
  readonly boot: { readonly kernelPath: string; readonly initrdPath: string; readonly cmdline: string };
  readonly diskFormat: 'qcow2' | 'raw';
  /** The port on 127.0.0.1 that leads to the guest's port 22. */
  readonly sshPort: number;
  readonly files: VmFiles;
  /** Present: an SEV-SNP guest, or nothing. Such a VM never starts unprotected instead. */
  readonly snp?: SnpLaunch;
};

/** The name of the virtio-serial port the guest's agent and the host's agent talk over. */
export const agentPortName = 'org.hippius.agent.0';

/** What emulation adds to a kernel's command line: a clock that needs no calibration, no slow mitigations of a
 *  processor that is not there, and entropy without waiting. Never used on real hardware. */
export const tcgKernelParameters = 'no_timer_check mitigations=off random.trust_cpu=on';

/** QEMU's argument list for a VM. Pure: the same hardware gives the same list, and nothing comes from the machine.
 *  Refuses with `hardware-refused` what QEMU could not run or would misread. */
export function qemuArgs(hardware: VmHardware): readonly string[] {
  check(hardware);
  return [
    ...['-name', `guest=${hardware.vmId}`, '-uuid', hardware.vmId],
    ...machine(hardware),
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    // QEMU handles what a guest sends: it gets no way to start programs or gain rights.
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...boot(hardware),
    ...disk(hardware),
    ...network(hardware),
    ...['-object', 'rng-random,id=rng0,filename=/dev/urandom'],
    ...['-device', `virtio-rng-pci,rng=rng0${virtio(hardware)}`],
    // Lets a guest's panic be told from its reboot.
    ...['-device', 'pvpanic-pci'],
    ...agentPort(hardware),
    // A socket and not a file: what the guest prints is bounded by whoever reads it, and dropped when nobody does.
    ...['-chardev', `socket,id=serial0,path=${option(hardware.files.serialSocket)},server=on,wait=off`],
    ...['-serial', 'chardev:serial0'],
    ...['-chardev', `socket,id=qmp0,path=${option(hardware.files.qmpSocket)},server=on,wait=off`],
    ...['-mon', 'chardev=qmp0,mode=control'],
    ...['-pidfile', hardware.files.pidFile],
  ];
}

function machine({ accelerator, cpus, memoryBytes, snp }: VmHardware): readonly string[] {
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

function virtio({ snp }: VmHardware): string {
  return snp === undefined ? '' : snpVirtioOptions;
}

function boot(hardware: VmHardware): readonly string[] {
  const { kernelPath, initrdPath, cmdline } = hardware.boot;
  const parameters = hardware.accelerator === 'tcg' ? `${cmdline} ${tcgKernelParameters}` : cmdline;
  return ['-kernel', kernelPath, '-initrd', initrdPath, '-append', parameters];
}

/** The disk, held to its rate by QEMU itself: that works on every host, whatever its cgroups can do. */
function disk(hardware: VmHardware): readonly string[] {
  const { files, diskFormat } = hardware;
  const file = { driver: 'file', 'node-name': 'disk0-file', filename: files.disk, discard: 'unmap' };
  const image = { driver: diskFormat, 'node-name': 'disk0', file: 'disk0-file', discard: 'unmap' };
  const throttle = { driver: 'throttle', 'node-name': 'disk0-limited', 'throttle-group': 'disk0-rate', file: 'disk0' };
  return [
    ...['-object', throttleGroup(vmLimits(hardware).disk)],
    ...[file, image, { ...throttle, discard: 'unmap' }].flatMap((node) => ['-blockdev', JSON.stringify(node)]),
    ...['-device', `virtio-blk-pci,id=disk0-device,drive=disk0-limited${virtio(hardware)}`],
  ];
}

function throttleGroup({ operationsPerSecond, bytesPerSecond }: DiskLimits): string {
  return `throttle-group,id=disk0-rate,x-iops-total=${operationsPerSecond},x-bps-total=${bytesPerSecond}`;
}

/** restrict=on: the guest reaches neither the host nor anything beyond it; only the forwarded port leads in. */
function network(hardware: VmHardware): readonly string[] {
  return [
    ...['-netdev', `user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:${hardware.sshPort}-:22`],
    ...['-device', `virtio-net-pci,netdev=net0,romfile=${virtio(hardware)}`],
  ];
}

function agentPort(hardware: VmHardware): readonly string[] {
  return [
    ...['-device', `virtio-serial-pci${virtio(hardware)}`],
    ...['-chardev', `socket,id=agent0,path=${option(hardware.files.agentSocket)},server=on,wait=off`],
    ...['-device', `virtserialport,chardev=agent0,name=${agentPortName}`],
  ];
}

const mebibyte = 1024 * 1024;
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function check(hardware: VmHardware): void {
  const { vmId, cpus, memoryBytes, sshPort, files } = hardware;
  if (!uuid.test(vmId)) throw refused('vmId', vmId, 'a lower-case UUID');
  if (!Number.isInteger(cpus) || cpus < 1) throw refused('cpus', cpus, 'a whole number from 1');
  if (!Number.isInteger(memoryBytes / mebibyte) || memoryBytes < mebibyte) {
    throw refused('memoryBytes', memoryBytes, 'a whole number of MiB');
  }
  if (!Number.isInteger(sshPort) || sshPort < 1 || sshPort > 65_535) throw refused('sshPort', sshPort, '1 to 65535');
  if (hardware.snp !== undefined && hardware.accelerator !== 'kvm') {
    throw refused('accelerator', hardware.accelerator, 'kvm: an SEV-SNP guest cannot be emulated');
  }
  for (const path of [files.qmpSocket, files.agentSocket, files.serialSocket]) {
    const bytes = Buffer.byteLength(path);
    if (bytes > limits.socketPathBytesMax) throw refused(path, bytes, `at most ${limits.socketPathBytesMax} bytes`);
  }
}

/** In QEMU's comma-separated options a comma is written twice. */
function option(value: string): string {
  return value.replaceAll(',', ',,');
}

function refused(field: string, observed: string | number, wanted: string): HostError {
  return new HostError('hardware-refused', `${field} is ${observed}, wanted ${wanted}`, { field, observed, wanted });
}
