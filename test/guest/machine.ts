import {
  bootDigestOf,
  type ExpectedBoot,
  type GuestBootPolicy,
  guestCommandLine,
  readGuestBootPolicy,
  simulatedSnpPolicy,
} from '#attestation';
import { findSystemFirmware, freePort, launchInputsOf, type SealedVmHardware, sealedVmArgs, vmFiles } from '#host';
import { simulatedProcessor } from '#simulated-processor';
import type { Chip } from './host-side.ts';
import type { KnownVm, NetworkSide } from './network-side.ts';

/** What every VM of a scene is started from. */
export type Scenery = {
  readonly dir: string;
  readonly network: NetworkSide;
  readonly chip: Chip;
  readonly boot: { readonly kernelPath: string; readonly initrdPath: string };
  readonly base: { readonly rootHash: string; readonly salt: string; readonly dataBlocks: number };
  readonly basePath: string;
  readonly treePath: string;
};

const memoryBytes = 512 * 1024 * 1024;

/** The machine of a VM, with the disks that `changes` puts in the place of its own. */
export const hardwareOf = async (
  scenery: Scenery,
  vm: KnownVm,
  changes: { readonly volumePath?: string; readonly basePath?: string; readonly treePath?: string },
): Promise<SealedVmHardware> => {
  const { network, base, boot, dir } = scenery;
  const files = vmFiles({ stateDir: dir, vmId: vm.vmId, env: {} });
  const cmdline = guestCommandLine({
    networkId: network.networkId,
    kind: 'simulated',
    networkKey: network.publicKey,
    base,
  });
  return {
    ...{ vmId: vm.vmId, accelerator: 'tcg', cpus: 1, memoryBytes, boot: { ...boot, cmdline } },
    ...{ firmwarePath: await findSystemFirmware(), sshPort: await freePort(), volumeOf: 'luks2', processor: 'port' },
    files: { ...files, volume: changes.volumePath ?? files.volume },
    ...{ basePath: changes.basePath ?? scenery.basePath, treePath: changes.treePath ?? scenery.treePath },
  };
};

/** What the network wrote down about a boot: predicted from what it would start, never from what runs. */
export const expectedOf = async (
  { network }: Scenery,
  hardware: SealedVmHardware,
  of: { readonly vmId: string; readonly generation: number; readonly bootId: string; readonly bootSpec: string },
): Promise<{ readonly expected: ExpectedBoot; readonly policy: GuestBootPolicy }> => {
  const inputs = await launchInputsOf(sealedVmArgs(hardware));
  const { kernelSha256, initrdSha256, vcpuType, firmware } = inputs;
  const bootDigest = bootDigestOf({ kernelSha256, initrdSha256 });
  const { vmId, generation, bootId, bootSpec } = of;
  return {
    expected: {
      ...{ vmId, generation, bootId, bootSpec, bootDigest, minerId: network.minerId },
      launchDigests: [simulatedProcessor.launchDigest(inputs)],
    },
    policy: readGuestBootPolicy({
      ...{ version: 1, snp: simulatedSnpPolicy, maxAgeMs: 60_000, allowClassical: false },
      boots: [
        {
          ...{ name: 'tcg', revision: 1, bootDigest, kernelSha256, initrdSha256, vcpuType, cmdlineExtra: '' },
          firmware: { kind: 'simulated', launchDigest: simulatedProcessor.firmwareDigest(firmware) },
        },
      ],
    }),
  };
};
