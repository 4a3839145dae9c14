import { guestLaunchDigests } from '#attestation';
import type { DesiredSpec } from '#domain';
import { bootRevisionsMax, bootTerms, guestBootPolicy } from './network.ts';
import type { Launch } from './silicon.ts';

const { boots } = guestBootPolicy(bootRevisionsMax);

/** What the processor measures when a host starts a VM as it was told; `null` of a plain one. */
export const launchOf = ({ sealed, size }: DesiredSpec): Launch | null => {
  if (sealed === undefined) return null;
  const { bootSpec, bootDigest, cmdline } = sealed;
  const references = boots.filter((one) => one.bootDigest === bootDigest);
  const [launchDigest] = guestLaunchDigests(references, { cmdline, vcpus: size.vcpus }, bootTerms.simulated);
  if (launchDigest === undefined) throw new Error(`no boot image of this network is ${bootDigest}`);
  return { bootSpec, launchDigest };
};
