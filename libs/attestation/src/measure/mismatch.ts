import { vcpuTypes } from './cpu.ts';
import { measureFirmware } from './firmware-digest.ts';
import type { LaunchInputs } from './inputs.ts';
import { measureLimits } from './limits.ts';
import { predictLaunchDigest } from './predict.ts';
import { LaunchRefused } from './refusals.ts';
import { vmms } from './vmsa.ts';

/** One input that, changed alone, makes the predicted digest the measured one. */
export interface LaunchDifference {
  readonly input: 'vcpus' | 'vcpuType' | 'guestFeatures' | 'vmm' | 'kernel' | 'initrd' | 'commandLine';
  /** What the VM was started with, if only this input differs. */
  readonly observed: string;
  /** What was given here. */
  readonly wanted: string;
}

type Change = LaunchDifference & { readonly change: Partial<LaunchInputs> };

/**
 * Looks for the one input in which a measured launch differs from the wanted one: another number or model of vCPUs,
 * another feature bit, another VMM, no kernel or initrd, a command line with other white space at its end. Nothing found
 * means that something else differs (the firmware, the kernel, the initrd), or more than one thing.
 */
export const findLaunchDifferences = (inputs: LaunchInputs, measured: string): readonly LaunchDifference[] => {
  // Hashed once, not once per change.
  const firmware = inputs.firmware instanceof Uint8Array ? measureFirmware(inputs.firmware) : inputs.firmware;
  return changesOf(inputs)
    .filter(({ change }) => digestOrNull({ ...inputs, ...change, firmware }) === measured.toLowerCase())
    .map(({ input, observed, wanted }) => ({ input, observed, wanted }));
};

const changesOf = (inputs: LaunchInputs): readonly Change[] => {
  const { vcpus, vcpuType, guestFeatures, vmm, kernel, initrd, commandLine } = inputs;
  const features = Array.from({ length: 8 }, (_, bit) => guestFeatures ^ (1n << BigInt(bit)));
  const line = commandLine ?? '';
  const lines = new Set(['', line.trim(), `${line} `, `${line}\n`].filter((other) => other !== line));
  return [
    ...Array.from({ length: measureLimits.vcpusTriedMax }, (_, n) => n + 1)
      .filter((count) => count !== vcpus)
      .map((count) => changed('vcpus', `${count}`, `${vcpus}`, { vcpus: count })),
    ...vcpuTypes
      .filter((type) => type !== vcpuType)
      .map((type) =>
        changed('vcpuType', type, vcpuType ?? 'its signature', { vcpuType: type, vcpuSignature: undefined }),
      ),
    ...features.map((value) => changed('guestFeatures', bits(value), bits(guestFeatures), { guestFeatures: value })),
    ...vmms.filter((other) => other !== vmm).map((other) => changed('vmm', other, vmm, { vmm: other })),
    ...(kernel === undefined
      ? []
      : [changed('kernel', 'none', 'a kernel', { kernel: undefined, initrd: undefined, commandLine: undefined })]),
    ...(initrd === undefined ? [] : [changed('initrd', 'none', 'an initrd', { initrd: undefined })]),
    ...(kernel === undefined
      ? []
      : [...lines].map((other) =>
          changed('commandLine', JSON.stringify(other), JSON.stringify(line), { commandLine: other }),
        )),
  ];
};

const changed = (
  input: LaunchDifference['input'],
  observed: string,
  wanted: string,
  change: Partial<LaunchInputs>,
): Change => ({ input, observed, wanted, change });

const digestOrNull = (inputs: LaunchInputs): string | null => {
  try {
    return predictLaunchDigest(inputs);
  } catch (error) {
    if (error instanceof LaunchRefused) return null;
    throw error;
  }
};

const bits = (value: bigint): string => `0x${value.toString(16)}`;
