import { createHash } from 'node:crypto';
import { bootBinding } from '#attestation';
import { type GuestKey, generateGuestKey, openNetworkMessage, openRelease, type Release, wipe } from '#sealing';
import { Stop } from '../stop.ts';
import { type Challenge, readSigned } from './answers.ts';
import type { Commands } from './commands.ts';
import { countBoot, writeCounter } from './counter.ts';
import { fillVolume } from './fill-volume.ts';
import type { VolumeHead } from './header.ts';
import { sshHostKey } from './host-key.ts';
import { takeVmIdentity, type VmIdentity } from './identity.ts';
import type { VmKernelLine } from './kernel-line.ts';
import { demandNoSwap } from './no-swap.ts';
import { placeAccess, placeNameServers, setHostname } from './place-access.ts';
import type { PrivateImage } from './private-image.ts';
import { askWithProof, beginProof, type Proof, type ProverParts } from './prove.ts';
import type { ResidentParts } from './resident.ts';
import { type Found, findVolume, formatVolume, mountVolume, unlockVolume, writeHead } from './volume.ts';

export type BootParts = Omit<ProverParts, 'identity'> & {
  /** Which machine this is, as the host has it. */
  readonly bootSpec: () => Promise<string>;
  readonly kernel: VmKernelLine;
  readonly commands: Commands;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly makeNetwork: (network: GuestNetwork) => void;
};

/** The address that the network gave this VM, as it was signed: IPv4 with its prefix, and the way out. */
export type GuestNetwork = Pick<Release['secrets']['network'], 'address' | 'gateway'>;

type Booted = Omit<ResidentParts, 'host' | 'places' | 'uptimeMs' | 'pause' | 'say'>;

/** From a machine that knows nothing to one whose own disk is mounted at `root` and may be run, with whom to let in at `run`:
 *  everything that decides is measured, signed by the network, or inside the volume. Nothing of any disk has been run by
 *  then. Rejects with Stop, SealingError or NetworkRefused. */
export const bootVm = async (
  parts: BootParts,
  { root, run }: { readonly root: string; readonly run: string },
): Promise<Booted> => {
  const { host, kernel, commands, provider, say } = parts;
  const bootSpec = await parts.bootSpec();
  demandNoSwap('/proc');
  // The network makes a challenge and the processor signs while the key is made.
  const keyProof = beginProof(host, 'vm-key');
  const [identity, guestKey] = await Promise.all([
    takeVmIdentity(bootSpec, kernel, provider, parts.randomBytes),
    generateGuestKey(),
  ]);
  say(
    `VM ${identity.vmId} of ${kernel.kind} network ${kernel.networkId}, reports by ${provider.name}, launch ${identity.launchDigest}`,
  );

  const prover: ProverParts = { ...parts, identity };
  const { release, found } = await askForRelease(prover, guestKey, keyProof);
  const { keysVersion, network } = release.secrets;
  const head = await openVolume(parts, release, found, identity.integrity);
  await mountVolume(commands, root);
  await host.stage('unlocked');

  const bootProof = beginProof(host, 'ssh-host-key');
  const { counter, isLatest } = countBoot(root, release);
  if (!isLatest) say(`boot counter ${counter}, the network knows of ${release.minCounter}`);
  const boot = { sshHostKey: sshHostKey(root), headerSha256: head.header.headerDigest, counter };
  const given = release.counter ?? counter;
  // All in memory, and nothing of it is used by anything of the disk before the go-ahead.
  const prepare = (): void => {
    parts.makeNetwork(network);
    placeAccess(run, release.secrets);
    placeNameServers(run, network.dns);
    setHostname('/proc', release.secrets.hostname);
  };
  await askForGoAhead(prover, guestKey, boot, { given, begun: bootProof, meanwhile: once(prepare) });
  // Its owner has allowed it: every other copy is the older one from now on.
  if (!isLatest) writeCounter(root, given);
  await host.stage('confirmed');
  return { identity, guestKeySha256: guestKey.sha256, sshHostKey: boot.sshHostKey, keysVersion };
};

/** What opens the volume, and what was found on its disk meanwhile. */
type Released = { readonly release: Release; readonly found: Promise<Found> };

const askForRelease = (parts: ProverParts, guestKey: GuestKey, begun: () => Promise<Challenge>): Promise<Released> => {
  const { host, identity } = parts;
  const { networkId, networkKey, vmId, generation, bootId } = identity;
  const { suite, publicKey } = guestKey;
  const claim = { purpose: 'vm-key', binding: publicKey, suite, key: publicKey, boot: null } as const;
  const ask = async ({ result, nonce }: Proof): Promise<Released> => {
    const answer = host.begin('release', { result, guestKey: Buffer.from(publicKey).toString('base64'), nonce });
    // The disk is looked at while the network decides. What is found decides nothing until the signed answer is here.
    const found = findVolume(identity.integrity);
    const boot = { networkId, vmId, generation, bootId, nonce };
    const release = await openRelease({ text: readSigned(await answer()), networkKey, guestKey, boot });
    return { release, found };
  };
  return askWithProof(parts, claim, ask, begun);
};

/** Opens or makes the volume, as the signed answer says, and wipes the keys whatever happens. */
const openVolume = async (
  { host, commands, kernel }: BootParts,
  release: Release,
  found: Promise<Found>,
  integrity: VmIdentity['integrity'],
): Promise<VolumeHead> => {
  const { volumeKey, imageKey, argon2 } = release.secrets;
  try {
    if (release.headerSha256 !== null) {
      await host.stage('opening');
      return await unlockVolume(commands, volumeKey, release.headerSha256, await found);
    }
    await host.stage('formatting');
    const head = await formatVolume(commands, volumeKey, argon2, integrity);
    wipe(volumeKey);
    await host.stage('filling');
    await fillVolume(commands, kernel.base, integrity, privateImageIn(release));
    await writeHead(head);
    return head;
  } finally {
    wipe(volumeKey);
    if (imageKey !== undefined) wipe(imageKey);
  }
};

/** Opening a release promises that a key comes with its header, or neither. */
const privateImageIn = ({ imageHeaderSha256, secrets: { imageKey } }: Release): PrivateImage | null =>
  imageHeaderSha256 === undefined || imageKey === undefined ? null : { headerSha256: imageHeaderSha256, key: imageKey };

/** However often the network is asked. */
const once = (work: () => void): (() => void) => {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    work();
  };
};

type BootFacts = { readonly sshHostKey: string; readonly headerSha256: string; readonly counter: number };

/** Shows the network what is in the volume, and goes on when it has signed for exactly that, under the number it gave. */
const askForGoAhead = (
  parts: ProverParts,
  guestKey: GuestKey,
  boot: BootFacts,
  {
    given,
    begun,
    meanwhile,
  }: { readonly given: number; readonly begun: () => Promise<Challenge>; readonly meanwhile: () => void },
): Promise<void> => {
  const { networkId, networkKey, vmId, generation, bootId } = parts.identity;
  const claim = { purpose: 'ssh-host-key', binding: bootBinding(boot), suite: '', key: null, boot } as const;
  const ask = async ({ result, nonce }: Proof): Promise<void> => {
    const answer = parts.host.begin('confirm', { result, nonce, boot });
    // While the network decides.
    meanwhile();
    const text = readSigned(await answer());
    const of = { networkId, vmId, generation, bootId, nonce, guestKeySha256: guestKey.sha256 };
    const said = openNetworkMessage(text, networkKey, { ...of, purpose: 'go-ahead' });
    const ours = createHash('sha256').update(boot.sshHostKey).digest('hex');
    if (said.counter === given && said.sshHostKeySha256 === ours) return;
    const observed = `counter ${said.counter} and SSH host key ${said.sshHostKeySha256}`;
    throw new Stop('go-ahead-other', `the network's go-ahead is for ${observed}, wanted ${given} and ${ours}`);
  };
  return askWithProof(parts, claim, ask, begun);
};
