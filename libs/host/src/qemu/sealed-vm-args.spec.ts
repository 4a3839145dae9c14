import { describe, expect, test } from 'vitest';
import { agentPortName, vmArgs } from './qemu-args.ts';
import { type SealedVmHardware, sealedVmArgs } from './sealed-vm-args.ts';
import { snpLaunch } from './snp.fixture.ts';
import { vmFiles } from './vm-files.ts';

const vmId = '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';
const hardware: SealedVmHardware = {
  vmId,
  accelerator: 'tcg',
  cpus: 1,
  memoryBytes: 512 * 1024 * 1024,
  boot: { kernelPath: '/b/vmlinuz', initrdPath: '/b/initrd.cpio', cmdline: 'console=ttyS0 hcc.base=aa:bb:9' },
  firmwarePath: '/f/bios.bin',
  volumeOf: 'luks2',
  basePath: '/i/rootfs.raw',
  treePath: '/i/verity.tree',
  processor: 'port',
  sshPort: 40_022,
  files: vmFiles({ stateDir: '/s', vmId, env: {} }),
};

const values = (args: readonly string[], name: string): readonly string[] =>
  args.flatMap((arg, index) => (arg === name ? [args[index + 1] ?? ''] : []));

describe('QEMU’s argument list for a sealed VM', () => {
  const args = sealedVmArgs(hardware);
  const nodes = values(args, '-blockdev').map((json) => JSON.parse(json));

  test('given a volume, a base and its tree / when the list is made / then three disks by serial, only the volume writable', () => {
    expect(values(args, '-device').filter((device) => device.startsWith('virtio-blk'))).toEqual([
      'virtio-blk-pci,id=disk0-device,drive=disk0-limited,serial=hcc-volume',
      'virtio-blk-pci,id=base0-device,drive=base0-limited,serial=hcc-base',
      'virtio-blk-pci,id=tree0-device,drive=tree0-limited,serial=hcc-tree',
    ]);
    expect(nodes).toEqual([
      { driver: 'file', 'node-name': 'disk0-file', filename: `/s/vms/${vmId}/volume.luks`, discard: 'unmap' },
      { driver: 'raw', 'node-name': 'disk0', file: 'disk0-file', discard: 'unmap' },
      expect.objectContaining({ driver: 'throttle', 'node-name': 'disk0-limited', file: 'disk0' }),
      { driver: 'file', 'node-name': 'base0-file', filename: '/i/rootfs.raw', 'read-only': true },
      { driver: 'raw', 'node-name': 'base0', file: 'base0-file', 'read-only': true },
      expect.objectContaining({ driver: 'throttle', 'read-only': true, file: 'base0' }),
      { driver: 'file', 'node-name': 'tree0-file', filename: '/i/verity.tree', 'read-only': true },
      { driver: 'raw', 'node-name': 'tree0', file: 'tree0-file', 'read-only': true },
      expect.objectContaining({ driver: 'throttle', 'read-only': true, file: 'tree0' }),
    ]);
  });

  test('given all its disks / when the list is made / then they share the one rate of the VM’s size', () => {
    expect(values(args, '-object')).toContain('throttle-group,id=disk0-rate,x-iops-total=4000,x-bps-total=209715200');
    const groups = nodes.flatMap((node) => ('throttle-group' in node ? [node['throttle-group']] : []));
    expect(groups).toEqual(['disk0-rate', 'disk0-rate', 'disk0-rate']);
  });

  test('given a network that takes a played processor / when the list is made / then two ports, and not that of plain VMs', () => {
    const ports = values(args, '-device').filter((device) => device.startsWith('virtserialport'));
    expect(ports).toEqual([
      'virtserialport,chardev=guest0,name=hcc.guest',
      'virtserialport,chardev=chip0,name=hcc.processor',
    ]);
    expect(values(args, '-chardev').slice(0, 2)).toEqual([
      `socket,id=guest0,path=/s/run/${vmId}/guest.sock,server=on,wait=off`,
      `socket,id=chip0,path=/s/run/${vmId}/chip.sock,server=on,wait=off`,
    ]);
    expect(args.join(' ')).not.toContain(agentPortName);
  });

  test('given a boot image / when the list is made / then firmware, kernel, initramfs and line are those that are measured', () => {
    expect(values(args, '-bios')).toEqual(['/f/bios.bin']);
    expect(values(args, '-kernel')).toEqual(['/b/vmlinuz']);
    expect(values(args, '-initrd')).toEqual(['/b/initrd.cpio']);
    expect(values(args, '-append')).toEqual([
      'console=ttyS0 hcc.base=aa:bb:9 no_timer_check mitigations=off random.trust_cpu=on',
    ]);
    expect(vmArgs(hardware)).toEqual(args);
  });

  test('given SEV-SNP / when the list is made / then the boot spec’s digest and the kernel’s hashes are in the launch, no port plays a processor', () => {
    const hostData = Buffer.alloc(32, 7);
    const snp = { ...snpLaunch(), hostData, idBlock: null };
    const protectedVm = sealedVmArgs({ ...hardware, accelerator: 'kvm', processor: 'own', snp });
    const launch = values(protectedVm, '-object').find((object) => object.startsWith('sev-snp-guest'));
    expect(launch).toContain('kernel-hashes=on');
    expect(launch).toContain(`host-data=${hostData.toString('base64')}`);
    expect(values(protectedVm, '-bios')).toEqual([snp.firmwarePath]);
    expect(values(protectedVm, '-device').join(' ')).not.toContain('hcc.processor');
    const disks = values(protectedVm, '-device').filter((device) => device.startsWith('virtio-blk'));
    for (const disk of disks) expect(disk).toMatch(/,iommu_platform=on$/);
  });

  test.each<[string, Partial<SealedVmHardware>]>([
    ['processor', { processor: 'own' }],
    ['processor', { accelerator: 'kvm', snp: snpLaunch() }],
    ['sshPort', { sshPort: 0 }],
    ['cpus', { cpus: 0 }],
  ])('given a %s QEMU could not run / when the list is made / then it is refused by name', (field, wrong) => {
    const refusal = { code: 'hardware-refused', message: expect.stringContaining(field) };
    expect(() => sealedVmArgs({ ...hardware, ...wrong })).toThrow(expect.objectContaining(refusal));
  });
});
