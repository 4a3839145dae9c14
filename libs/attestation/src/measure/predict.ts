import type { FirmwareSection } from './firmware.ts';
import { type HashedFirmware, hashedFirmware, measureFirmware } from './firmware-digest.ts';
import { type LaunchInputs, type LaunchPlan, launchPlan } from './inputs.ts';
import { hashTableBytes, type KernelHashes, kernelHashesPage } from './kernel-hashes.ts';
import { LaunchDigest, type PageHash, pageBytes, pageHash, vmsaGpa } from './page.ts';
import { LaunchRefused } from './refusals.ts';
import { resetVector, type Vmm, vmsaPage } from './vmsa.ts';

/** One stretch of what is measured, and the digest once it has been. */
export interface LaunchStep {
  readonly section: 'firmware' | 'sec-mem' | 'secrets' | 'cpuid' | 'svsm-caa' | 'kernel-hashes' | 'vcpu';
  readonly gpa: number;
  readonly pages: number;
  /** Which of the inputs this stretch comes from, with its value: what to look at when the digest differs from here on. */
  readonly from: string;
  /** Lower-case hex. */
  readonly digest: string;
}

export interface LaunchExplanation {
  readonly digest: string;
  readonly kernelHashes: KernelHashes | null;
  readonly steps: readonly LaunchStep[];
}

/**
 * The launch digest (lower-case hex) that an honest processor reports for a VM started with these inputs. Throws
 * {@link LaunchRefused} for inputs from which none follows.
 */
export const predictLaunchDigest = (inputs: LaunchInputs): string =>
  measureLaunch(launchPlan(inputs), hashedFirmware(inputs.firmware), () => undefined);

/** The same with the running digest after each stretch, so that two launches can be compared input by input. */
export const explainLaunchDigest = (inputs: LaunchInputs): LaunchExplanation => {
  const plan = launchPlan(inputs);
  const firmware = inputs.firmware instanceof Uint8Array ? measureFirmware(inputs.firmware) : inputs.firmware;
  const { sizeBytes } = firmware.layout;
  const steps: LaunchStep[] = [
    {
      ...{ section: 'firmware', gpa: 2 ** 32 - sizeBytes, pages: sizeBytes / pageBytes },
      ...{ from: `firmware, sha256 ${firmware.sha256}`, digest: firmware.launchDigest },
    },
  ];
  const digest = measureLaunch(plan, firmware, (step) => steps.push(step));
  return { digest, kernelHashes: plan.kernelHashes, steps };
};

const measureLaunch = (plan: LaunchPlan, firmware: HashedFirmware, told: (step: LaunchStep) => void): string => {
  if (plan.kernelHashes !== null) assertMeasuresKernel(firmware);
  const digest = LaunchDigest.from(firmware.launchDigest);
  for (const { kind, gpa, pages } of inOrder(firmware, plan.vmm)) {
    if (kind === 'kernel-hashes' && plan.kernelHashes !== null) {
      const page = kernelHashesPage(plan.kernelHashes, (firmware.layout.hashTableGpa ?? 0) % pageBytes);
      digest.addPages(page, gpa);
    } else digest.addBlank(blankTypeOf(kind, plan.vmm), gpa, pages);
    told({ section: kind, gpa, pages, from: whence(kind, plan.kernelHashes), digest: digest.hex });
  }
  const { vmm, vcpus, cpuSignature, guestFeatures } = plan;
  const stateOf = (eip: number): PageHash => pageHash(vmsaPage(vmm, eip, cpuSignature, guestFeatures));
  const [first, others] = [stateOf(resetVector), stateOf(firmware.layout.resetEip)];
  for (let vcpu = 0; vcpu < vcpus; vcpu += 1) {
    digest.addVmsa(vcpu === 0 ? first : others);
    const from = `vCPU ${vcpu} of ${vcpus}: vmm ${vmm}, ${plan.cpuText}, guest features 0x${guestFeatures.toString(16)}`;
    told({ section: 'vcpu', gpa: vmsaGpa, pages: 1, from, digest: digest.hex });
  }
  return digest.hex;
};

/** The order of the image; EC2 leaves the CPUID page for the end. */
const inOrder = ({ layout: { sections } }: HashedFirmware, vmm: Vmm): readonly FirmwareSection[] =>
  vmm === 'ec2'
    ? [...sections.filter(({ kind }) => kind !== 'cpuid'), ...sections.filter(({ kind }) => kind === 'cpuid')]
    : sections;

const blankTypeOf = (kind: LaunchStep['section'], vmm: Vmm): 'zero' | 'unmeasured' | 'secrets' | 'cpuid' => {
  if (kind === 'secrets' || kind === 'cpuid') return kind;
  return kind === 'sec-mem' && vmm === 'gce' ? 'unmeasured' : 'zero';
};

const whence = (kind: LaunchStep['section'], hashes: KernelHashes | null): string => {
  if (kind !== 'kernel-hashes') return 'firmware';
  return hashes === null
    ? 'no kernel'
    : `kernel ${hashes.kernel}, initrd ${hashes.initrd}, command line ${hashes.commandLine} (sha256)`;
};

/** Without a place for them the hashes would not be measured, and any kernel would have the same digest. */
const assertMeasuresKernel = ({ layout }: HashedFirmware): void => {
  const section = layout.sections.find(({ kind }) => kind === 'kernel-hashes');
  const table = layout.hashTableGpa;
  if (section === undefined || table === null) {
    const kinds = [...new Set(layout.sections.map(({ kind }) => kind))].join(', ');
    const observed = section === undefined ? `only sections ${kinds}` : 'no address of the table of hashes';
    throw new LaunchRefused('measure-kernel-hashes-missing', observed, 'a section SNP_KERNEL_HASHES (type 0x10)');
  }
  if (table < section.gpa || table + hashTableBytes > section.gpa + pageBytes) {
    throw new LaunchRefused(
      'measure-firmware-malformed',
      `table of kernel hashes at 0x${table.toString(16)}`,
      `inside its section, the page at 0x${section.gpa.toString(16)}`,
    );
  }
};
