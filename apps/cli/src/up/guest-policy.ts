import { loadSimulatedProcessor } from '#adapters/processor';
import { type GuestBootPolicy, readGuestBootPolicy, simulatedSnpPolicy } from '#attestation';
import {
  type Accelerator,
  findSystemFirmware,
  launchInputsOf,
  probeAccelerator,
  type Report,
  systemVmArgs,
} from '#host';
import { buildGuestBootImage, type GuestBootImage } from '#images';
import type { Api } from '../client/api.ts';
import { isApiProblem } from '../client/problem.ts';

export type GuestPolicyParts = { readonly cacheDir: string; readonly report: Report; readonly signal: AbortSignal };

/**
 * Says what this network's VMs are started from: the boot image of this installation, as a miner of this machine starts it.
 * Another image than the newest has the next revision; the same installation again changes nothing. Answers with the digests
 * of all boot images that its VMs may be started from.
 */
export const publishGuestPolicy = async (operator: Api, parts: GuestPolicyParts): Promise<readonly string[]> => {
  const image = await buildGuestBootImage({ ...parts, kind: 'simulated' });
  const before = await published(operator);
  const newest = before?.boots.reduce((best, boot) => (boot.revision > best.revision ? boot : best)) ?? null;
  const isSame = newest?.bootDigest === image.bootDigest;
  const revision = isSame ? newest.revision : (newest?.revision ?? 0) + 1;
  // A VM that was told to start from an older image may still be on its way: that one stays good.
  const older = (before?.boots ?? []).filter(({ bootDigest }) => bootDigest !== image.bootDigest).slice(-olderBootsMax);
  const document = await localGuestPolicy(image, { revision, older }, (await probeAccelerator()).accelerator);
  await operator.publishPolicy('guest-boot', { document, reason: 'boot image of this installation' });
  return document.boots.map((boot) => boot.bootDigest);
};

/** Images that VMs of this installation may still be starting from. */
const olderBootsMax = 3;

const published = async (operator: Api): Promise<GuestBootPolicy | null> => {
  try {
    return readGuestBootPolicy((await operator.policy('guest-boot')).document);
  } catch (error) {
    if (isApiProblem(error) && error.status === 404) return null;
    throw error;
  }
};

/** How a local, simulated network starts and judges its VMs. A verdict is good for as long as a guest takes to use it. */
const localGuestPolicy = async (
  { bootDigest, kernelPath, initrdPath }: GuestBootImage,
  { revision, older }: { readonly revision: number; readonly older: GuestBootPolicy['boots'] },
  accelerator: Accelerator,
): Promise<GuestBootPolicy> => {
  // What emulation adds to a command line is all there is of an empty one.
  const boot = { kernelPath, initrdPath, cmdline: '' };
  const firmwarePath = await findSystemFirmware();
  const { firmware, kernelSha256, initrdSha256, commandLine, vcpuType } = await launchInputsOf(
    systemVmArgs({ ...{ accelerator, firmwarePath, boot, cpus: 1 }, ...nowhere }),
  );
  const processor = await loadSimulatedProcessor();
  return readGuestBootPolicy({
    ...{ version: 1, snp: simulatedSnpPolicy, maxAgeMs: 60_000, allowClassical: false },
    boots: [
      ...older,
      {
        ...{
          name: `local ${accelerator} ${bootDigest.slice(0, 12)}`,
          revision,
          bootDigest,
          kernelSha256,
          initrdSha256,
          vcpuType,
        },
        firmware: { kind: 'simulated', launchDigest: processor.firmwareDigest(firmware) },
        cmdlineExtra: commandLine.trim(),
      },
    ],
  });
};

const nowhere = {
  vmId: '00000000-0000-4000-8000-000000000000',
  memoryBytes: 512 * 1024 * 1024,
  pidFile: '/dev/null',
  ports: [],
} as const;
