import { createHash } from 'node:crypto';
import { hostDataOf } from '#attestation';
import {
  type Accelerator,
  checkGuestAccess,
  demandSpace,
  HostError,
  type SealedVmHardware,
  type SnpCpu,
  type VmFiles,
  type VmHardware,
} from '#host';
import type { GuestDesk } from '../guest/guest-desk.ts';
import type { StartPlan } from '../ports/hypervisor.ts';
import { guestLaunch, NoSecureProcessor } from '../processor/secure-processor.ts';

/** Where a VM is started, and what starts it there. */
export type StartPlace = {
  readonly accelerator: Accelerator;
  readonly files: VmFiles;
  readonly snp: (SnpCpu & { readonly firmwarePath: string }) | null;
  /** Where a machine starts that is no SEV-SNP guest. */
  readonly findFirmware: () => Promise<string>;
  readonly desk: Pick<GuestDesk, 'openSecureProcessor'>;
};

/** The machine that a plan asks for. Rejects what could never come up, before anything runs: a guest that cannot be told
 *  who it is, an image that no guest could check, a host that cannot hold or attest it. */
export const hardwareOf = (plan: StartPlan, place: StartPlace): Promise<VmHardware | SealedVmHardware> =>
  plan.sealed === null ? plainHardware(plan, place) : sealedHardware(plan, plan.sealed, place);

const plainHardware = async (plan: StartPlan, place: StartPlace): Promise<VmHardware> => {
  const { spec, image } = plan;
  checkGuestAccess({ hostname: spec.name, authorizedKeys: spec.sshPublicKeys });
  const hostData = createHash('sha256').update(spec.vmId).digest();
  return { ...common(plan, place, hostData), boot: image, diskFormat: 'qcow2' };
};

const sealedHardware = async (
  plan: StartPlan,
  { bootSpec, cmdline, boot }: NonNullable<StartPlan['sealed']>,
  place: StartPlace,
): Promise<SealedVmHardware> => {
  const { spec, image } = plan;
  const { snp, files, desk, findFirmware } = place;
  if (image.treePath === null) {
    const message = `image ${spec.imageDigest.slice(0, 16)} has no hash tree, wanted one: a sealed VM runs nothing it cannot check; build the image anew`;
    throw new HostError('hardware-refused', message, { field: 'treePath' });
  }
  await demandSpace({ path: files.volume, bytes: spec.size.diskBytes });
  if (snp === null) await demandProcessor(desk);
  return {
    ...common(plan, place, hostDataOf(bootSpec)),
    firmwarePath: snp?.firmwarePath ?? (await findFirmware()),
    boot: { ...boot, cmdline },
    ...{ volumeOf: 'luks2', basePath: image.rootfsPath, treePath: image.treePath },
    processor: snp === null ? 'port' : 'own',
  };
};

const common = ({ spec, sshPort }: StartPlan, { accelerator, files, snp }: StartPlace, hostData: Uint8Array) => ({
  ...{ vmId: spec.vmId, accelerator, cpus: spec.size.vcpus, memoryBytes: spec.size.memoryBytes, sshPort, files },
  ...(snp !== null && { snp: { ...guestLaunch(snp, snp.firmwarePath), hostData } }),
});

/** Refuses where no processor will ever sign for a guest. One that cannot be had yet is waited for by the guest. */
const demandProcessor = async (desk: StartPlace['desk']): Promise<void> => {
  try {
    await desk.openSecureProcessor();
  } catch (error) {
    if (error instanceof NoSecureProcessor) throw error;
  }
};
