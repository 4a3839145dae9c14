import { commonDevices, type Machine, machineArgs, option, refused, virtioOptions } from './machine-args.ts';
import { checkVm, diskNodes, type PluggedIn, sockets, throttle, userNetwork } from './vm-parts.ts';

/** A VM that writes only what this host cannot read: it opens its volume itself, with a key that it is given once it has
 *  shown what was started. All paths are absolute. */
export type SealedVmHardware = Machine &
  PluggedIn & {
    /** What an unprotected machine starts in. Named, so that what is started is what is measured. */
    readonly firmwarePath: string;
    /** `luks2`: the file `volume` among the VM's files, as the guest keeps it. */
    readonly volumeOf: 'luks2';
    /** The image's file system, and the hash tree that the guest checks every block of it with. */
    readonly basePath: string;
    readonly treePath: string;
    /** `port`: the guest's processor is played on a port, on networks that take that. */
    readonly processor: 'own' | 'port';
  };

/** How the guest finds its disks: the serials of the block devices. */
export const sealedDiskSerials = { volume: 'hcc-volume', base: 'hcc-base', tree: 'hcc-tree' } as const;

/** The ports of a sealed VM: what its agent says to the host, and the processor that is played. */
const guestPort = 'hcc.guest';
const processorPort = 'hcc.processor';

/** QEMU's argument list for a sealed VM. Pure: the same hardware gives the same list, and nothing comes from the machine.
 *  Refuses with `hardware-refused` what QEMU could not run or would misread, and a played processor beside a real one. */
export function sealedVmArgs(hardware: SealedVmHardware): readonly string[] {
  const { files, snp, firmwarePath, processor } = hardware;
  checkVm(hardware, [files.guestSocket, files.chipSocket]);
  const isPlayed = processor === 'port';
  if (isPlayed !== (snp === undefined)) {
    throw refused('processor', processor, snp === undefined ? 'port: this machine has none' : 'own: it has SEV-SNP');
  }
  return [
    ...machineArgs(hardware),
    // An SEV-SNP guest names its own.
    ...(snp === undefined ? ['-bios', firmwarePath] : []),
    ...throttle(hardware),
    ...disks(hardware),
    ...userNetwork(hardware),
    ...commonDevices(hardware),
    ...['-device', `virtio-serial-pci${virtioOptions(hardware)}`],
    ...port('guest0', guestPort, files.guestSocket),
    ...(isPlayed ? port('chip0', processorPort, files.chipSocket) : []),
    ...sockets(hardware),
  ];
}

function disks(hardware: SealedVmHardware): readonly string[] {
  const { files, basePath, treePath } = hardware;
  const device = (name: string, serial: string): readonly string[] => [
    '-device',
    `virtio-blk-pci,id=${name}-device,drive=${name}-limited,serial=${serial}${virtioOptions(hardware)}`,
  ];
  return [
    ...diskNodes('disk0', { path: files.volume, format: 'raw', access: 'read-write' }),
    ...device('disk0', sealedDiskSerials.volume),
    // Raw files say no format of their own: nothing in them can name another file of this host.
    ...diskNodes('base0', { path: basePath, format: 'raw', access: 'read-only' }),
    ...device('base0', sealedDiskSerials.base),
    ...diskNodes('tree0', { path: treePath, format: 'raw', access: 'read-only' }),
    ...device('tree0', sealedDiskSerials.tree),
  ];
}

function port(id: string, name: string, socketPath: string): readonly string[] {
  return [
    ...['-chardev', `socket,id=${id},path=${option(socketPath)},server=on,wait=off`],
    ...['-device', `virtserialport,chardev=${id},name=${name}`],
  ];
}
