import { predictLaunchDigest } from '../measure/predict.ts';
import { LaunchRefused } from '../measure/refusals.ts';
import type { SimulatedProcessor } from '../simulated/processor.ts';
import type { GuestBootReference } from './policy.ts';

/** What of a launch is the VM's own. */
export interface GuestLaunch {
  /** As `guestCommandLine` writes it. */
  readonly cmdline: string;
  readonly vcpus: number;
}

/**
 * Every launch digest (lower-case hex, none twice) that a guest may show which was started in one of these ways.
 * `simulated` is the processor of a simulated network, null on any other. Throws {@link LaunchRefused} where none follows.
 */
export const guestLaunchDigests = (
  references: readonly GuestBootReference[],
  launch: GuestLaunch,
  simulated: Pick<SimulatedProcessor, 'launchDigest'> | null,
): readonly string[] => [...new Set(references.map((one) => digestOf(one, launch, simulated)))];

const digestOf = (
  { name, firmware, kernelSha256, initrdSha256, cmdlineExtra, vcpuType }: GuestBootReference,
  { cmdline, vcpus }: GuestLaunch,
  simulated: Pick<SimulatedProcessor, 'launchDigest'> | null,
): string => {
  const commandLine = cmdlineExtra === '' ? cmdline : `${cmdline} ${cmdlineExtra}`;
  if (firmware.kind === 'simulated') {
    if (simulated !== null)
      return simulated.launchDigest({ firmware, kernelSha256, initrdSha256, commandLine, vcpus, vcpuType });
    const wanted = 'a firmware of real processors: this network simulates none';
    throw new LaunchRefused('measure-input-wrong', `reference "${name}" of a simulated processor`, wanted);
  }
  const { guestFeatures, kind: _, ...measured } = firmware;
  return predictLaunchDigest({
    ...{ firmware: measured, kernel: { sha256: kernelSha256 }, initrd: { sha256: initrdSha256 } },
    ...{ commandLine, vcpus, vcpuType, guestFeatures: BigInt(`0x${guestFeatures}`), vmm: 'qemu' },
  });
};
