import { describe, expect, test } from 'vitest';
import { qemuArgs, type VmHardware } from './qemu-args.ts';
import { isQemuOf } from './qemu-process.ts';
import { vmFiles } from './vm-files.ts';

const vmId = '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';
const hardware: VmHardware = {
  vmId,
  accelerator: 'tcg',
  cpus: 2,
  memoryBytes: 256 * 1024 * 1024,
  boot: { kernelPath: '/i/vmlinuz', initrdPath: '/i/initrd.cpio', cmdline: 'console=ttyS0 root=/dev/vda' },
  diskFormat: 'qcow2',
  sshPort: 40_022,
  files: vmFiles({ stateDir: '/s', vmId, env: {} }),
};

/** Every value given to an option. */
function values(args: readonly string[], name: string): readonly string[] {
  return args.flatMap((arg, index) => (arg === name ? [args[index + 1] ?? ''] : []));
}

describe('QEMU’s argument list', () => {
  const args = qemuArgs(hardware);

  test('given a VM / when its list is made / then uuid, name and pid file say which VM it is', () => {
    expect(values(args, '-uuid')).toEqual([vmId]);
    expect(values(args, '-name')).toEqual([`guest=${vmId}`]);
    expect(values(args, '-pidfile')).toEqual([`/s/vms/${vmId}/qemu.pid`]);
    expect(isQemuOf(['/usr/bin/qemu-system-x86_64', ...args], vmId, hardware.files)).toBe(true);
    const other = vmFiles({ stateDir: '/other', vmId, env: {} });
    expect(isQemuOf(['/usr/bin/qemu-system-x86_64', ...args], vmId, other)).toBe(false);
  });

  test('given emulation / when its list is made / then q35, cpu max and the kernel’s TCG parameters', () => {
    expect(values(args, '-machine')).toEqual(['q35']);
    expect(values(args, '-accel')).toEqual(['tcg,thread=multi,tb-size=256']);
    expect(values(args, '-cpu')).toEqual(['max']);
    expect(values(args, '-append')).toEqual([
      'console=ttyS0 root=/dev/vda no_timer_check mitigations=off random.trust_cpu=on',
    ]);
  });

  test('given KVM / when its list is made / then the host’s processor and an untouched command line', () => {
    const kvm = qemuArgs({ ...hardware, accelerator: 'kvm' });
    expect(values(kvm, '-accel')).toEqual(['kvm']);
    expect(values(kvm, '-cpu')).toEqual(['host']);
    expect(values(kvm, '-append')).toEqual(['console=ttyS0 root=/dev/vda']);
  });

  test('given sizes / when its list is made / then processors without hot plug, and memory in MiB', () => {
    expect(values(args, '-smp')).toEqual(['cpus=2,maxcpus=2']);
    expect(values(args, '-m')).toEqual(['256M']);
  });

  test('given any VM / when its list is made / then nothing but what is listed, no screen, no reboot, no programs', () => {
    for (const flag of ['-nodefaults', '-no-user-config', '-no-reboot']) expect(args).toContain(flag);
    expect(values(args, '-display')).toEqual(['none']);
    expect(values(args, '-sandbox')[0]).toContain('spawn=deny');
  });

  test('given a disk / when its list is made / then a virtio block device over the qcow2 file', () => {
    const [file, image, limited] = values(args, '-blockdev').map((json) => JSON.parse(json));
    expect(file).toMatchObject({ driver: 'file', 'node-name': 'disk0-file', filename: `/s/vms/${vmId}/disk.qcow2` });
    expect(image).toMatchObject({ driver: 'qcow2', 'node-name': 'disk0', file: 'disk0-file' });
    expect(limited).toMatchObject({ driver: 'throttle', 'node-name': 'disk0-limited', file: 'disk0' });
    expect(values(args, '-device')).toContain('virtio-blk-pci,id=disk0-device,drive=disk0-limited');
  });

  test('given two processors / when its list is made / then QEMU holds the disk to twice the rate of one', () => {
    const rate = (cpus: number) => values(qemuArgs({ ...hardware, cpus }), '-object')[0];
    expect(rate(1)).toBe('throttle-group,id=disk0-rate,x-iops-total=4000,x-bps-total=209715200');
    expect(rate(2)).toBe('throttle-group,id=disk0-rate,x-iops-total=8000,x-bps-total=419430400');
  });

  test('given a port / when its list is made / then only 127.0.0.1 leads in and nothing leads out', () => {
    expect(values(args, '-netdev')).toEqual(['user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:40022-:22']);
    expect(values(args, '-device')).toContain('virtio-net-pci,netdev=net0,romfile=');
  });

  test('given any VM / when its list is made / then entropy, the agent’s port, the serial log and the monitor', () => {
    const devices = ['virtio-rng-pci,rng=rng0', 'virtio-serial-pci', 'pvpanic-pci'];
    expect(values(args, '-device')).toEqual(expect.arrayContaining(devices));
    expect(values(args, '-device')).toContain('virtserialport,chardev=agent0,name=org.hippius.agent.0');
    expect(values(args, '-chardev')).toEqual([
      `socket,id=agent0,path=/s/run/${vmId}/agent.sock,server=on,wait=off`,
      `socket,id=serial0,path=/s/run/${vmId}/serial.sock,server=on,wait=off`,
      `socket,id=qmp0,path=/s/run/${vmId}/qmp.sock,server=on,wait=off`,
    ]);
    expect(values(args, '-mon')).toEqual(['chardev=qmp0,mode=control']);
  });

  test('given a comma in a path / when its list is made / then QEMU cannot read it as another option', () => {
    const files = vmFiles({ stateDir: '/s,server=off', vmId, env: {} });
    expect(values(qemuArgs({ ...hardware, files }), '-chardev')[1]).toContain('path=/s,,server=off/run/');
  });

  test.each([
    ['vmId', { vmId: 'not-a-uuid' }],
    ['cpus', { cpus: 0 }],
    ['memoryBytes', { memoryBytes: 1_000_000 }],
    ['sshPort', { sshPort: 70_000 }],
  ])('given a %s QEMU could not run / when its list is made / then it is refused by name', (field, wrong) => {
    expect(() => qemuArgs({ ...hardware, ...wrong })).toThrow(expect.objectContaining({ code: 'hardware-refused' }));
    expect(() => qemuArgs({ ...hardware, ...wrong })).toThrow(field);
  });
});
