import { isVcpuType, vcpuSignature, vcpuTypes } from './cpu.ts';
import type { MeasuredFirmware } from './firmware-digest.ts';
import { type HashedFile, type KernelHashes, kernelHashes } from './kernel-hashes.ts';
import { measureLimits } from './limits.ts';
import { LaunchRefused } from './refusals.ts';
import { type Vmm, vmms } from './vmsa.ts';

/** Everything a launch digest depends on. */
export interface LaunchInputs {
  /** The image, or what {@link MeasuredFirmware} says of it. */
  readonly firmware: Uint8Array | MeasuredFirmware;
  readonly kernel?: HashedFile | undefined;
  /** Only with a kernel; none is measured as an empty file. */
  readonly initrd?: HashedFile | undefined;
  /** Only with a kernel, without a NUL at its end; none is measured as an empty one. */
  readonly commandLine?: string | undefined;
  readonly vcpus: number;
  /** A name `-cpu` takes, for `qemu`; the other VMMs measure none. */
  readonly vcpuType?: string | undefined;
  /** CPUID leaf 1 EAX, in place of a name. */
  readonly vcpuSignature?: number | undefined;
  /** SEV_FEATURES of each vCPU. Bit 0 is SNP itself. */
  readonly guestFeatures: bigint;
  readonly vmm: Vmm;
}

/** Inputs that passed every check. */
export interface LaunchPlan {
  readonly kernelHashes: KernelHashes | null;
  readonly vcpus: number;
  readonly cpuSignature: number;
  readonly cpuText: string;
  readonly guestFeatures: bigint;
  readonly vmm: Vmm;
}

/** Checks all inputs but the firmware, before anything is hashed. Throws {@link LaunchRefused}. */
export const launchPlan = (inputs: LaunchInputs): LaunchPlan => {
  const { vcpus, guestFeatures, vmm } = inputs;
  if (!vmms.some((known) => known === vmm)) {
    throw new LaunchRefused('measure-input-wrong', `VMM "${vmm}"`, vmms.join(', '));
  }
  if (!Number.isInteger(vcpus) || vcpus < 1 || vcpus > measureLimits.vcpusMax) {
    throw new LaunchRefused('measure-vcpus-out-of-range', `${vcpus}`, `1 to ${measureLimits.vcpusMax}`);
  }
  if (guestFeatures < 0n || guestFeatures >= 1n << 64n) {
    throw new LaunchRefused('measure-input-wrong', `guest features ${guestFeatures}`, '64 bits, like 0x1');
  }
  if (!(inputs.firmware instanceof Uint8Array) && !/^[\da-f]{96}$/i.test(inputs.firmware.launchDigest)) {
    throw new LaunchRefused('measure-input-wrong', 'a firmware digest of another form', '96 hex digits');
  }
  return { kernelHashes: hashesOf(inputs), vcpus, guestFeatures, vmm, ...cpuOf(inputs) };
};

const hashesOf = ({ kernel, initrd, commandLine }: LaunchInputs): KernelHashes | null => {
  if (kernel === undefined) {
    if (initrd === undefined && commandLine === undefined) return null;
    const given = [initrd === undefined ? [] : ['an initrd'], commandLine === undefined ? [] : ['a command line']];
    throw new LaunchRefused('measure-initrd-without-kernel', `${given.flat().join(' and ')}, no kernel`, 'a kernel');
  }
  const line = commandLine ?? '';
  if (line.includes('\0') || Buffer.byteLength(line) > measureLimits.commandLineBytesMax) {
    const observed = line.includes('\0') ? 'a command line with a NUL in it' : `${Buffer.byteLength(line)} bytes`;
    const wanted = `a command line of at most ${measureLimits.commandLineBytesMax} bytes, without its NUL`;
    throw new LaunchRefused('measure-input-wrong', observed, wanted);
  }
  for (const [name, file] of [
    ['kernel', kernel],
    ['initrd', initrd],
  ] as const) {
    if (file === undefined || file instanceof Uint8Array || /^[\da-f]{64}$/i.test(file.sha256)) continue;
    throw new LaunchRefused('measure-input-wrong', `${name} sha256 "${file.sha256.slice(0, 80)}"`, '64 hex digits');
  }
  return kernelHashes(kernel, initrd, line);
};

const cpuOf = (inputs: LaunchInputs): Pick<LaunchPlan, 'cpuSignature' | 'cpuText'> => {
  const { vcpuType, vmm } = inputs;
  if (vmm !== 'qemu') return { cpuSignature: 0, cpuText: 'any processor' };
  if (inputs.vcpuSignature !== undefined) {
    const signature = inputs.vcpuSignature;
    if (!Number.isInteger(signature) || signature < 0 || signature > 0xffff_ffff) {
      throw new LaunchRefused('measure-input-wrong', `vCPU signature ${signature}`, '32 bits, like 0xa00f11');
    }
    return { cpuSignature: signature, cpuText: `signature 0x${signature.toString(16)}` };
  }
  if (vcpuType === undefined || !isVcpuType(vcpuType)) {
    const observed = vcpuType === undefined ? 'none' : `"${vcpuType}"`;
    throw new LaunchRefused('measure-vcpu-type-unknown', observed, vcpuTypes.join(', '));
  }
  return { cpuSignature: vcpuSignature(vcpuType), cpuText: vcpuType };
};
