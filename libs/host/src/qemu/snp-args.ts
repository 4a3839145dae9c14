import { HostError } from '../errors.ts';

/** How a confidential VM is launched on an SEV-SNP host. Everything in it but the two processor figures is measured or
 *  signed: the guest's report shows it, so a host that changes it is seen. */
export type SnpLaunch = {
  /** An OVMF built for SEV with kernel hashes (`OVMF.amdsev.fd`); it holds the table the hashes are put into. */
  readonly firmwarePath: string;
  /** A versioned model, never `host`: the processor's description is part of the measurement. */
  readonly cpuModel: 'EPYC-v4' | 'EPYC-Rome' | 'EPYC-Milan' | 'EPYC-Genoa' | 'EPYC-Turin';
  /** The guest policy of the SNP firmware ABI. */
  readonly policy: bigint;
  /** Which bit of a page table entry says "encrypted", and how many address bits encryption costs: CPUID 0x8000001F. */
  readonly cbitpos: number;
  readonly reducedPhysBits: number;
  /** 32 bytes that the report repeats as HOST_DATA. */
  readonly hostData: Uint8Array;
  /** The owner's signature over what is launched; without one, anything that boots is launched. */
  readonly idBlock: SnpIdBlock | null;
};

export type SnpIdBlock = {
  /** 96 bytes: launch digest, family, image, version, SVN, policy. */
  readonly block: Uint8Array;
  /** 4096 bytes: the signatures and public keys. */
  readonly auth: Uint8Array;
  readonly authorKeyEnabled: boolean;
};

/** QEMU's arguments for the machine of an SEV-SNP guest: machine, processor, memory, launch parameters, firmware. Pure.
 *  `memory` and `cpus` as in VmHardware. Refuses with `hardware-refused` what the firmware would refuse, or what would
 *  open the guest to its host (policy bit DEBUG). */
export function snpMachine(
  snp: SnpLaunch,
  size: { readonly cpus: number; readonly memoryMebibytes: number },
): string[] {
  checkSnp(snp);
  const { cpus, memoryMebibytes } = size;
  return [
    ...['-machine', 'q35,confidential-guest-support=sev0,memory-backend=ram0,kernel-irqchip=split,vmport=off'],
    ...['-accel', 'kvm', '-cpu', snp.cpuModel],
    ...['-smp', `cpus=${cpus},maxcpus=${cpus}`, '-m', `${memoryMebibytes}M`],
    // Shared, so that pages the guest gives to devices are found; its private pages are guest_memfd's, made by KVM.
    ...['-object', `memory-backend-memfd,id=ram0,size=${memoryMebibytes}M,share=on,prealloc=off`],
    ...['-object', snpObject(snp), '-bios', snp.firmwarePath],
  ];
}

/** What each virtio device of a confidential guest must be: modern, and reached through pages the guest shares. */
export const snpVirtioOptions = ',disable-legacy=on,iommu_platform=on';

function snpObject({ policy, cbitpos, reducedPhysBits, hostData, idBlock }: SnpLaunch): string {
  const signed =
    idBlock === null
      ? []
      : [
          `id-block=${base64(idBlock.block)}`,
          `id-auth=${base64(idBlock.auth)}`,
          `author-key-enabled=${idBlock.authorKeyEnabled ? 'on' : 'off'}`,
        ];
  return [
    'sev-snp-guest,id=sev0',
    `cbitpos=${cbitpos}`,
    `reduced-phys-bits=${reducedPhysBits}`,
    `policy=0x${policy.toString(16)}`,
    // Kernel, initramfs and command line become part of the measurement.
    'kernel-hashes=on',
    `host-data=${base64(hostData)}`,
    ...signed,
  ].join(',');
}

function checkSnp({ firmwarePath, policy, cbitpos, reducedPhysBits, hostData, idBlock }: SnpLaunch): void {
  if (!firmwarePath.startsWith('/')) throw refused('firmwarePath', firmwarePath, 'an absolute path');
  const hex = `0x${policy.toString(16)}`;
  if ((policy & policyBits.mustBeOne) === 0n) throw refused('policy', hex, 'bit 17 set: the firmware demands it');
  if ((policy & policyBits.debug) !== 0n) throw refused('policy', hex, 'bit 19 (DEBUG) clear: it lets the host read');
  if (policy >> 64n !== 0n) throw refused('policy', hex, 'at most 64 bits');
  if (!Number.isInteger(cbitpos) || cbitpos < 32 || cbitpos > 63) throw refused('cbitpos', cbitpos, '32 to 63');
  if (!Number.isInteger(reducedPhysBits) || reducedPhysBits < 1 || reducedPhysBits > 63) {
    throw refused('reducedPhysBits', reducedPhysBits, '1 to 63');
  }
  if (hostData.length !== 32) throw refused('hostData', `${hostData.length} bytes`, '32 bytes');
  if (idBlock !== null) checkIdBlock(idBlock, policy);
}

function checkIdBlock({ block, auth }: SnpIdBlock, policy: bigint): void {
  if (block.length !== 96) throw refused('idBlock.block', `${block.length} bytes`, '96 bytes');
  if (auth.length !== 4_096) throw refused('idBlock.auth', `${auth.length} bytes`, '4096 bytes');
  const signedPolicy = new DataView(block.buffer, block.byteOffset, block.byteLength).getBigUint64(88, true);
  if (signedPolicy === policy) return;
  throw refused('policy', `0x${policy.toString(16)}`, `the policy the ID block signs, 0x${signedPolicy.toString(16)}`);
}

const policyBits = { mustBeOne: 1n << 17n, debug: 1n << 19n } as const;

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function refused(field: string, observed: string | number, wanted: string): HostError {
  return new HostError('hardware-refused', `${field} is ${observed}, wanted ${wanted}`, { field, observed, wanted });
}
