import { commonDevices, type Machine, machineArgs, option, virtioOptions } from './machine-args.ts';
import { type SealedVmHardware, sealedVmArgs } from './sealed-vm-args.ts';
import { checkVm, diskNodes, type PluggedIn, sockets, throttle, userNetwork } from './vm-parts.ts';

/** A VM as QEMU is to build it. All paths are absolute. */
export type VmHardware = Machine & PluggedIn & { readonly diskFormat: 'qcow2' | 'raw' };

/** The name of the virtio-serial port the guest's agent and the host's agent talk over. */
export const agentPortName = 'org.hippius.agent.0';

/** QEMU's argument list for a VM of either kind. Pure; refuses as the list of that kind does. */
export function vmArgs(hardware: VmHardware | SealedVmHardware): readonly string[] {
  return 'volumeOf' in hardware ? sealedVmArgs(hardware) : qemuArgs(hardware);
}

/** QEMU's argument list for a VM. Pure: the same hardware gives the same list, and nothing comes from the machine.
 *  Refuses with `hardware-refused` what QEMU could not run or would misread. */
export function qemuArgs(hardware: VmHardware): readonly string[] {
  checkVm(hardware, [hardware.files.agentSocket]);
  return [
    ...machineArgs(hardware),
    ...throttle(hardware),
    ...disk(hardware),
    ...userNetwork(hardware),
    ...commonDevices(hardware),
    ...agentPort(hardware),
    ...sockets(hardware),
  ];
}

function disk(hardware: VmHardware): readonly string[] {
  const { files, diskFormat: format } = hardware;
  return [
    ...diskNodes('disk0', { path: files.disk, format, access: 'read-write' }),
    ...['-device', `virtio-blk-pci,id=disk0-device,drive=disk0-limited${virtioOptions(hardware)}`],
  ];
}

function agentPort(hardware: VmHardware): readonly string[] {
  return [
    ...['-device', `virtio-serial-pci${virtioOptions(hardware)}`],
    ...['-chardev', `socket,id=agent0,path=${option(hardware.files.agentSocket)},server=on,wait=off`],
    ...['-device', `virtserialport,chardev=agent0,name=${agentPortName}`],
  ];
}
