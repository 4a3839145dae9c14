import type { EvidenceRefusal, RefusalWords } from '../verdict.ts';

/** What is told about each refusal of launch prediction and of an ID block. */
export const measureRefusals = {
  'measure-firmware-malformed': {
    title: 'The firmware cannot be read',
    fix: 'give the file that QEMU gets by -bios: a whole OVMF build for SEV-SNP, not split into code and variables',
    doesNotProve: 'that the firmware is malicious; most often it is a build for another kind of guest',
  },
  'measure-kernel-hashes-missing': {
    title: 'The firmware measures no kernel',
    fix: 'use the AmdSev build of OVMF (OvmfPkg/AmdSev/AmdSevX64.dsc), which declares the section SNP_KERNEL_HASHES, or start without -kernel',
    doesNotProve: 'that the kernel is unsafe: with this firmware nothing at all would be said about it',
  },
  'measure-initrd-without-kernel': {
    title: 'An initrd or a command line is measured only with a kernel',
    fix: 'name the kernel too, or neither',
    doesNotProve: 'anything about a VM: no digest was computed',
  },
  'measure-vcpus-out-of-range': {
    title: 'No VM has that many vCPUs',
    fix: 'give the number of vCPUs the VM starts with: each has a measured page',
    doesNotProve: 'anything about a VM: no digest was computed',
  },
  'measure-vcpu-type-unknown': {
    title: 'The signature of that vCPU model is not known',
    fix: 'name a known model, or give its CPUID signature (leaf 1, EAX) itself',
    doesNotProve: 'that QEMU has no such model',
  },
  'measure-input-wrong': {
    title: 'An input of the launch has the wrong form',
    fix: 'give what the refusal wants',
    doesNotProve: 'anything about a VM: no digest was computed',
  },
  'measure-id-block-malformed': {
    title: 'The ID block or its authentication cannot be read',
    fix: 'give the 96 bytes of the block and the 4096 bytes of the authentication, as the launch gets them',
    doesNotProve: 'that a VM was started with it: the processor refuses such a launch',
  },
  'measure-id-block-signature': {
    title: 'The ID block is not signed by its ID key',
    fix: 'sign the block again after its last change',
    doesNotProve: 'that anybody changed it on purpose; a block made for another digest looks the same',
  },
  'measure-id-key-signature': {
    title: 'The ID key is not signed by the author key',
    fix: 'sign the ID key with the author key, or leave the author key out',
    doesNotProve: 'that the ID key is not its owner’s: only that this author did not vouch for it',
  },
} as const satisfies Readonly<Record<string, RefusalWords>>;

export type MeasureRefusalCode = keyof typeof measureRefusals;

/** Inputs from which no launch digest follows, by a code of {@link measureRefusals}. */
export class LaunchRefused extends Error implements EvidenceRefusal {
  override readonly name = 'LaunchRefused';

  readonly code: MeasureRefusalCode;
  readonly observed: string;
  readonly wanted: string;

  constructor(code: MeasureRefusalCode, observed: string, wanted: string) {
    super(`${measureRefusals[code].title}: observed ${observed}, wanted ${wanted}`);
    this.code = code;
    this.observed = observed;
    this.wanted = wanted;
  }
}
