import { type GuestBootSpec, Malformed, parseGuestBootSpec } from '#attestation';
import { launchDigestOf } from '../identity.ts';
import type { ReportProvider } from '../report/report-provider.ts';
import { Stop } from '../stop.ts';
import type { VmKernelLine } from './kernel-line.ts';

/** Who this VM is: what its boot spec says, once its own report was seen to bind that spec. */
export type VmIdentity = {
  readonly bootSpec: string;
  readonly networkId: string;
  readonly kind: VmKernelLine['kind'];
  readonly networkKey: Uint8Array;
  readonly vmId: string;
  readonly generation: number;
  readonly bootId: string;
  readonly integrity: GuestBootSpec['integrity'];
  /** Of this machine, by its own report: hex. */
  readonly launchDigest: string;
};

/** Takes this VM's identity from a boot spec that hashes to HOST_DATA in its own report, and from nothing else. Stops with
 *  `boot-spec` when the text is no canonical spec or of another network, with `host-data` when the report binds another. */
export const takeVmIdentity = async (
  bootSpec: string,
  { networkId, kind, networkKey }: VmKernelLine,
  provider: ReportProvider,
  randomBytes: (count: number) => Uint8Array,
): Promise<VmIdentity> => {
  const { network, vmId, generation, bootId, integrity } = parseSpec(bootSpec);
  if (network !== networkId) {
    const wanted = `${networkId} as on the kernel's command line`;
    throw new Stop('boot-spec', `the boot spec is of network ${network}, wanted ${wanted}`);
  }
  const of = { networkId, purpose: 'vm-key', attesterId: vmId, generation, bootId } as const;
  const launchDigest = await launchDigestOf(bootSpec, of, provider, randomBytes);
  return { bootSpec, networkId, kind, networkKey, vmId, generation, bootId, integrity, launchDigest };
};

const parseSpec = (text: string): GuestBootSpec => {
  try {
    return parseGuestBootSpec(text);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new Stop('boot-spec', error.message);
  }
};
