import { describe, expect, test } from 'vitest';
import { qemuArgs, type VmHardware } from './qemu-args.ts';
import { snpHardware, snpLaunch } from './snp.fixture.ts';
import type { SnpLaunch } from './snp-args.ts';

/** Every value given to an option. */
function values(args: readonly string[], name: string): readonly string[] {
  return args.flatMap((arg, index) => (arg === name ? [args[index + 1] ?? ''] : []));
}

/** The fields of one comma-separated option. */
function fields(option: string | undefined): Readonly<Record<string, string>> {
  const parts = (option ?? '').split(',').map((part) => [part.split('=')[0], part.slice(part.indexOf('=') + 1)]);
  return Object.fromEntries(parts);
}

const args = qemuArgs(snpHardware());
const objects = values(args, '-object');
const launch = fields(objects.find((option) => option.startsWith('sev-snp-guest,')));
const memory = fields(objects.find((option) => option.startsWith('memory-backend-memfd,')));
const machine = fields(values(args, '-machine')[0]);

describe('QEMU’s argument list of an SEV-SNP guest', () => {
  test.each([
    ['machine type', machine.q35, 'q35'],
    ['confidential-guest-support', machine['confidential-guest-support'], launch.id],
    ['memory-backend', machine['memory-backend'], memory.id],
    ['kernel-irqchip', machine['kernel-irqchip'], 'split'],
    ['vmport', machine.vmport, 'off'],
    ['cbitpos', launch.cbitpos, '51'],
    ['reduced-phys-bits', launch['reduced-phys-bits'], '1'],
    ['policy', launch.policy, '0x30000'],
    ['kernel-hashes', launch['kernel-hashes'], 'on'],
    ['host-data', launch['host-data'], Buffer.alloc(32, 0xab).toString('base64')],
    ['id-block', launch['id-block'], Buffer.from(idBlock().block).toString('base64')],
    ['id-auth', launch['id-auth'], Buffer.from(idBlock().auth).toString('base64')],
    ['author-key-enabled', launch['author-key-enabled'], 'on'],
    ['memory size', memory.size, '512M'],
    ['memory share', memory.share, 'on'],
    ['memory prealloc', memory.prealloc, 'off'],
    ['accelerator', values(args, '-accel')[0], 'kvm'],
    ['processor model', values(args, '-cpu')[0], 'EPYC-v4'],
    ['processors, none plugged in later', values(args, '-smp')[0], 'cpus=2,maxcpus=2'],
    ['memory', values(args, '-m')[0], '512M'],
    ['firmware', values(args, '-bios')[0], '/f/OVMF.amdsev.fd'],
    ['measured kernel', values(args, '-kernel')[0], '/i/vmlinuz'],
    ['measured initramfs', values(args, '-initrd')[0], '/i/initrd.cpio'],
    ['measured command line, untouched', values(args, '-append')[0], 'console=ttyS0 root=/dev/vda'],
  ])('given a launch / when its list is made / then %s is %s', (_field, observed, wanted) => {
    expect(observed).toBe(wanted);
  });

  test('given a launch / when its list is made / then every virtio device is modern and shares only what it must', () => {
    const virtio = values(args, '-device').filter((device) => /^virtio-\w+-pci/.test(device));
    expect(virtio).toHaveLength(4);
    for (const device of virtio) expect(device).toMatch(/,disable-legacy=on,iommu_platform=on$/);
  });

  test('given no ID block / when its list is made / then none of its three fields is there', () => {
    const plain = qemuArgs(snpHardware({ ...snpLaunch(), idBlock: null }));
    expect(values(plain, '-object').join()).not.toMatch(/id-block|id-auth|author-key/);
  });

  test.each<[string, Partial<VmHardware>, RegExp]>([
    ['emulation', { accelerator: 'tcg' }, /accelerator is tcg, wanted kvm/],
    ['a policy without bit 17', snp({ policy: 0x10000n, idBlock: null }), /policy is 0x10000, wanted bit 17/],
    ['a policy with DEBUG', snp({ policy: 0xb0000n, idBlock: null }), /bit 19 \(DEBUG\) clear/],
    ['another policy than the signed one', snp({ policy: 0x20000n }), /the policy the ID block signs, 0x30000/],
    ['short host data', snp({ hostData: new Uint8Array(31) }), /hostData is 31 bytes, wanted 32/],
    ['a short ID block', snp({ idBlock: { ...idBlock(), block: new Uint8Array(95) } }), /idBlock.block is 95 bytes/],
    ['a short ID authentication', snp({ idBlock: { ...idBlock(), auth: new Uint8Array(1) } }), /idBlock.auth is 1/],
    ['no such C-bit', snp({ cbitpos: 5 }), /cbitpos is 5, wanted 32 to 63/],
    ['no address bits lost', snp({ reducedPhysBits: 0 }), /reducedPhysBits is 0/],
    ['relative firmware', snp({ firmwarePath: 'OVMF.fd' }), /firmwarePath is OVMF.fd, wanted an absolute path/],
  ])('given %s / when its list is made / then it is refused, never started unprotected', (_what, wrong, why) => {
    expect(() => qemuArgs({ ...snpHardware(), ...wrong })).toThrow(why);
  });
});

function snp(change: Partial<SnpLaunch>): Partial<VmHardware> {
  return { snp: { ...snpLaunch(), ...change } };
}

function idBlock() {
  const { idBlock: block } = snpLaunch();
  if (block === null) throw new Error('the fixture has an ID block');
  return block;
}
