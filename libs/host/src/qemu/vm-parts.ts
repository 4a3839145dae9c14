import { checkMachine, type Machine, option, refused, virtioOptions } from './machine-args.ts';
import type { VmFiles } from './vm-files.ts';
import { vmLimits } from './vm-limits.ts';

/** What every owner's VM has beside its machine and its disks. */
export type PluggedIn = {
  /** The port on 127.0.0.1 that leads to the guest's port 22. */
  readonly sshPort: number;
  readonly files: VmFiles;
};

/** The rate that all of a VM's disks together are held to by QEMU itself: that works on every host, whatever its
 *  control groups can do. Pure. */
export function throttle(machine: Machine): readonly string[] {
  const { operationsPerSecond, bytesPerSecond } = vmLimits(machine).disk;
  const rate = `x-iops-total=${operationsPerSecond},x-bps-total=${bytesPerSecond}`;
  return ['-object', `throttle-group,id=disk0-rate,${rate}`];
}

/** A file as a block device's source, `<name>-limited`, under the VM's rate. Pure. */
export function diskNodes(
  name: string,
  file: { readonly path: string; readonly format: 'qcow2' | 'raw'; readonly access: 'read-write' | 'read-only' },
): readonly string[] {
  const access = file.access === 'read-only' ? { 'read-only': true } : { discard: 'unmap' };
  const nodes = [
    { driver: 'file', 'node-name': `${name}-file`, filename: file.path, ...access },
    { driver: file.format, 'node-name': name, file: `${name}-file`, ...access },
    { driver: 'throttle', 'node-name': `${name}-limited`, 'throttle-group': 'disk0-rate', file: name, ...access },
  ];
  return nodes.flatMap((node) => ['-blockdev', JSON.stringify(node)]);
}

/** restrict=on: the guest reaches neither the host nor anything beyond it; only the forwarded port leads in. Pure. */
export function userNetwork(hardware: Machine & PluggedIn): readonly string[] {
  return [
    ...['-netdev', `user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:${hardware.sshPort}-:22`],
    ...['-device', `virtio-net-pci,netdev=net0,romfile=${virtioOptions(hardware)}`],
  ];
}

/** Console, monitor and pid file. Pure. */
export function sockets({ files }: PluggedIn): readonly string[] {
  return [
    // A socket and not a file: what the guest prints is bounded by whoever reads it, and dropped when nobody does.
    ...['-chardev', `socket,id=serial0,path=${option(files.serialSocket)},server=on,wait=off`],
    ...['-serial', 'chardev:serial0'],
    ...['-chardev', `socket,id=qmp0,path=${option(files.qmpSocket)},server=on,wait=off`],
    ...['-mon', 'chardev=qmp0,mode=control'],
    ...['-pidfile', files.pidFile],
  ];
}

/** Refuses with `hardware-refused` what QEMU could not run or would misread. */
export function checkVm(hardware: Machine & PluggedIn, ports: readonly string[]): void {
  const { sshPort, files } = hardware;
  checkMachine(hardware, [files.qmpSocket, files.serialSocket, ...ports]);
  if (!Number.isInteger(sshPort) || sshPort < 1 || sshPort > 65_535) throw refused('sshPort', sshPort, '1 to 65535');
}
