import { checkMachine, commonDevices, type Machine, machineArgs, option, virtioOptions } from './machine-args.ts';

/** A VM of the host's own, such as HCCAM: no disk, no network, no monitor; only named ports. All paths are absolute. */
export type SystemVmHardware = Machine & {
  /** What an unprotected machine starts in. Named, so that what is started is what is measured. */
  readonly firmwarePath: string;
  readonly pidFile: string;
  /** Ports the guest finds by name, and the unix sockets that lead to them; one client at a time. */
  readonly ports: readonly { readonly name: string; readonly socketPath: string }[];
};

/** QEMU's argument list for a system VM; its console is QEMU's standard output. Pure.
 *  Refuses with `hardware-refused` what QEMU could not run or would misread. */
export function systemVmArgs(hardware: SystemVmHardware): readonly string[] {
  const { ports, snp, firmwarePath, pidFile } = hardware;
  checkMachine(
    hardware,
    ports.map(({ socketPath }) => socketPath),
  );
  return [
    ...machineArgs(hardware),
    // An SEV-SNP guest names its own.
    ...(snp === undefined ? ['-bios', firmwarePath] : []),
    ...commonDevices(hardware),
    ...['-device', `virtio-serial-pci${virtioOptions(hardware)}`],
    ...ports.flatMap(({ name, socketPath }, index) => [
      ...['-chardev', `socket,id=port${index},path=${option(socketPath)},server=on,wait=off`],
      ...['-device', `virtserialport,chardev=port${index},name=${name}`],
    ]),
    ...['-chardev', 'stdio,id=serial0,signal=off', '-serial', 'chardev:serial0'],
    ...['-pidfile', pidFile],
  ];
}
