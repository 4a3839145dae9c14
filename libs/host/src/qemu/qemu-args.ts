import {
  checkMachine,
  commonDevices,
  type Machine,
  machineArgs,
  option,
  refused,
  virtioOptions,
} from './machine-args.ts';
import type { VmFiles } from './vm-files.ts';
import { type DiskLimits, vmLimits } from './vm-limits.ts';

/** A VM as QEMU is to build it. All paths are absolute. */
export type VmHardware = Machine & {
  readonly diskFormat: 'qcow2' | 'raw';
  /** The port on 127.0.0.1 that leads to the guest's port 22. */
  readonly sshPort: number;
  readonly files: VmFiles;
};

/** The name of the virtio-serial port the guest's agent and the host's agent talk over. */
export const agentPortName = 'org.hippius.agent.0';

/** QEMU's argument list for a VM. Pure: the same hardware gives the same list, and nothing comes from the machine.
 *  Refuses with `hardware-refused` what QEMU could not run or would misread. */
export function qemuArgs(hardware: VmHardware): readonly string[] {
  check(hardware);
  return [
    ...machineArgs(hardware),
    ...disk(hardware),
    ...network(hardware),
    ...commonDevices(hardware),
    ...agentPort(hardware),
    // A socket and not a file: what the guest prints is bounded by whoever reads it, and dropped when nobody does.
    ...['-chardev', `socket,id=serial0,path=${option(hardware.files.serialSocket)},server=on,wait=off`],
    ...['-serial', 'chardev:serial0'],
    ...['-chardev', `socket,id=qmp0,path=${option(hardware.files.qmpSocket)},server=on,wait=off`],
    ...['-mon', 'chardev=qmp0,mode=control'],
    ...['-pidfile', hardware.files.pidFile],
  ];
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
    ...['-device', `virtio-blk-pci,id=disk0-device,drive=disk0-limited${virtioOptions(hardware)}`],
  ];
}

function throttleGroup({ operationsPerSecond, bytesPerSecond }: DiskLimits): string {
  return `throttle-group,id=disk0-rate,x-iops-total=${operationsPerSecond},x-bps-total=${bytesPerSecond}`;
}

/** restrict=on: the guest reaches neither the host nor anything beyond it; only the forwarded port leads in. */
function network(hardware: VmHardware): readonly string[] {
  return [
    ...['-netdev', `user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:${hardware.sshPort}-:22`],
    ...['-device', `virtio-net-pci,netdev=net0,romfile=${virtioOptions(hardware)}`],
  ];
}

function agentPort(hardware: VmHardware): readonly string[] {
  return [
    ...['-device', `virtio-serial-pci${virtioOptions(hardware)}`],
    ...['-chardev', `socket,id=agent0,path=${option(hardware.files.agentSocket)},server=on,wait=off`],
    ...['-device', `virtserialport,chardev=agent0,name=${agentPortName}`],
  ];
}

function check(hardware: VmHardware): void {
  const { sshPort, files } = hardware;
  checkMachine(hardware, [files.qmpSocket, files.agentSocket, files.serialSocket]);
  if (!Number.isInteger(sshPort) || sshPort < 1 || sshPort > 65_535) throw refused('sshPort', sshPort, '1 to 65535');
}
