import type { VmHardware } from './qemu-args.ts';
import type { SnpLaunch } from './snp-args.ts';
import { vmFiles } from './vm-files.ts';

/** A launch as a Milan host would be given it, its ID block signed over the same policy. */
export function snpLaunch(): SnpLaunch {
  const block = new Uint8Array(96).fill(7);
  new DataView(block.buffer).setBigUint64(88, 0x30000n, true);
  return {
    firmwarePath: '/f/OVMF.amdsev.fd',
    cpuModel: 'EPYC-v4',
    policy: 0x30000n,
    cbitpos: 51,
    reducedPhysBits: 1,
    hostData: new Uint8Array(32).fill(0xab),
    idBlock: { block, auth: new Uint8Array(4_096).fill(9), authorKeyEnabled: true },
  };
}

/** A VM that is to be launched so. */
export function snpHardware(snp: SnpLaunch = snpLaunch()): VmHardware {
  const vmId = '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';
  return {
    vmId,
    accelerator: 'kvm',
    cpus: 2,
    memoryBytes: 512 * 1024 * 1024,
    boot: { kernelPath: '/i/vmlinuz', initrdPath: '/i/initrd.cpio', cmdline: 'console=ttyS0 root=/dev/vda' },
    diskFormat: 'qcow2',
    sshPort: 40_022,
    files: vmFiles({ stateDir: '/s', vmId, env: {} }),
    snp,
  };
}
