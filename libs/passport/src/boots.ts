import {
  bootDigestOf,
  guestLaunchDigests,
  LaunchRefused,
  Malformed,
  parseGuestBootSpec,
  type SimulatedProcessor,
} from '#attestation';
import { byNetwork, firstOf, type PassportCheck, short, unchecked } from './check.ts';
import type { Founded } from './founding.ts';
import type { Kept } from './kept.ts';
import type { SeenBoot } from './replay.ts';

/** What predicts for a simulated processor; null where that cannot be done here. */
export type Simulated = Pick<SimulatedProcessor, 'launchDigest'> | null;

/** Whether what a boot was to start names this VM, this network and its key, and measures as the policy says. */
export const bootChecks = (
  boot: SeenBoot,
  { network, keyHex }: Founded,
  { vmId, kept, simulated }: { readonly vmId: string; readonly kept: Kept; readonly simulated: Simulated },
): readonly PassportCheck[] => {
  const { bootId, kernelSha256, initrdSha256, bootDigest, cmdline, baseRootHash } = boot.specified;
  const about = `boot ${short(bootId)}`;
  const isImage = bootDigestOf({ kernelSha256, initrdSha256 }) === bootDigest;
  return [
    byNetwork(
      'boot-spec',
      about,
      specFault(boot, network.networkId, vmId),
      'its spec names this network, VM, boot, image and volume',
    ),
    byNetwork(
      'boot-image',
      about,
      isImage ? null : `boot digest ${bootDigest} is not of its kernel and first RAM disk`,
      `kernel ${kernelSha256.slice(0, 16)} and first RAM disk ${initrdSha256.slice(0, 16)}`,
    ),
    byNetwork(
      'boot-command-line',
      about,
      wordFault(cmdline, { network: network.networkId, kind: network.kind, key: keyHex, base: baseRootHash }),
      'its measured command line names this network, its key and the base image',
    ),
    launchCheck(boot, network.kind === 'simulated', kept, simulated),
  ];
};

const specFault = ({ specified, imageDigest, integrity }: SeenBoot, networkId: string, vmId: string): string | null => {
  try {
    const spec = parseGuestBootSpec(specified.bootSpec);
    return firstOf(
      spec.network !== networkId && `it names network ${spec.network}`,
      spec.vmId !== vmId && `it names VM ${spec.vmId}`,
      spec.bootId !== specified.bootId && `it names boot ${spec.bootId}`,
      spec.generation !== specified.generation && `it names generation ${spec.generation}`,
      spec.image !== `sha256:${imageDigest}` && `it names image ${spec.image}; requested was ${imageDigest}`,
      spec.integrity !== integrity && `it names integrity ${spec.integrity}; chosen was ${integrity}`,
    );
  } catch (error) {
    if (error instanceof Malformed) return error.message;
    throw error;
  }
};

const wordFault = (
  cmdline: string,
  wanted: Readonly<Record<'network' | 'kind' | 'key' | 'base', string>>,
): string | null => {
  const words = cmdline.split(' ');
  const wordOf = (name: string): string | null => {
    const found = words.filter((word) => word.startsWith(`hcc.${name}=`));
    return found.length === 1 ? (found[0]?.slice(`hcc.${name}=`.length) ?? null) : null;
  };
  const other = (name: 'network' | 'kind' | 'key', value = wordOf(name)): string | false =>
    value !== wanted[name] && `hcc.${name} is ${value ?? 'not there once'}; wanted ${wanted[name]}`;
  const [root] = (wordOf('base') ?? '').split(':');
  return firstOf(
    ...[other('network'), other('kind'), other('key')],
    root !== wanted.base && `hcc.base begins with ${root || 'nothing'}; wanted ${wanted.base}`,
  );
};

/** The digests that the boot may show follow from the policy, the command line and the number of processors. */
const launchCheck = (
  { specified, vcpus }: SeenBoot,
  isSimulated: boolean,
  { policies }: Kept,
  simulated: Simulated,
): PassportCheck => {
  const { bootId, bootRevision, bootDigest, launchDigests, cmdline } = specified;
  const [code, about] = ['boot-launch', `boot ${short(bootId)}`];
  if (isSimulated && simulated === null) {
    return unchecked(code, about, 'the launch of a simulated processor cannot be computed here', 'network');
  }
  const ways = [...policies].map(([version, { policy }]) => {
    const references = policy.boots.filter((one) => one.revision === bootRevision && one.bootDigest === bootDigest);
    return { version, digests: predicted(() => guestLaunchDigests(references, { cmdline, vcpus }, simulated)) };
  });
  const way = ways.find(({ digests }) => digests.length > 0 && digests.join() === launchDigests.join());
  if (way === undefined && !ways.some(({ digests }) => digests.length > 0)) {
    return unchecked(code, about, `no policy in this passport starts boot image ${bootDigest.slice(0, 16)}`, 'network');
  }
  const wrong =
    way === undefined ? `launch digests ${launchDigests.join(', ')} follow from no policy of this passport` : null;
  return byNetwork(
    code,
    about,
    wrong,
    `its launch digests follow from policy guest-boot version ${way?.version} and ${vcpus} vCPUs`,
  );
};

const predicted = (predict: () => readonly string[]): readonly string[] => {
  try {
    return predict();
  } catch (error) {
    if (error instanceof LaunchRefused) return [];
    throw error;
  }
};
