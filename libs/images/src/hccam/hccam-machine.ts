import {
  type Accelerator,
  findSystemFirmware,
  type LaunchInputs,
  launchInputsOf,
  type SystemVmHardware,
  systemVmArgs,
} from '#host';
import type { HccamImage } from './build-hccam-image.ts';

/** What differs from miner to miner, and is not measured. */
export type HccamPlace = Pick<SystemVmHardware, 'vmId' | 'pidFile' | 'ports' | 'snp'>;

/** The machine every HCCAM is: one processor, 512 MiB. Pure. */
export const hccamMachine = (
  image: Pick<HccamImage, 'kernelPath' | 'initrdPath' | 'cmdline'>,
  { accelerator, firmwarePath }: { readonly accelerator: Accelerator; readonly firmwarePath: string },
  place: HccamPlace,
): SystemVmHardware => {
  const { kernelPath, initrdPath, cmdline } = image;
  return {
    ...place,
    ...{ accelerator, firmwarePath, cpus: 1, memoryBytes: hccamMemoryBytes },
    boot: { kernelPath, initrdPath, cmdline },
  };
};

/** What a simulated processor measures of an HCCAM started from this image here: for whoever says beforehand what is to be
 *  accepted. Reads every byte of kernel and first RAM disk. */
export const hccamLaunchInputs = async (image: HccamImage, accelerator: Accelerator): Promise<LaunchInputs> => {
  const firmwarePath = await findSystemFirmware();
  return launchInputsOf(systemVmArgs(hccamMachine(image, { accelerator, firmwarePath }, nowhere)));
};

/** Node and its 115 MB of first RAM disk, twice while it is unpacked: 384 MiB do not do. */
const hccamMemoryBytes = 512 * 1024 * 1024;

const nowhere: HccamPlace = { vmId: '00000000-0000-4000-8000-000000000000', pidFile: '/dev/null', ports: [] };
