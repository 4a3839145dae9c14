import { createHash } from 'node:crypto';
import { bootBinding } from '#attestation';
import { type GuestKey, generateGuestKey, openNetworkMessage, openRelease, type Release, wipe } from '#sealing';
import { Stop } from '../stop.ts';
import { readSigned } from './answers.ts';
import type { Commands } from './commands.ts';
import { countBoot } from './counter.ts';
import { fillVolume } from './fill-volume.ts';
import type { VolumeHead } from './header.ts';
import { sshHostKey } from './host-key.ts';
import { takeVmIdentity, type VmIdentity } from './identity.ts';
import type { VmKernelLine } from './kernel-line.ts';
import { demandNoSwap } from './no-swap.ts';
import { placeAccess, placeNameServers, setHostname } from './place-access.ts';
import type { PrivateImage } from './private-image.ts';
import { askWithProof, type ProverParts } from './prove.ts';
import type { ResidentParts } from './resident.ts';
import { formatVolume, mountVolume, unlockVolume, writeHead } from './volume.ts';

export type BootParts = Omit<ProverParts, 'identity'> & {
  readonly kernel: VmKernelLine;
  readonly commands: Commands;
  readonly randomBytes: (count: number) => Uint8Array;
};

/** From a machine that knows nothing to one whose own disk is mounted at `root` and may be run: everything that decides is
 *  measured, signed by the network, or inside the volume. Nothing of any disk has been run by then. Rejects with Stop,
 *  SealingError or NetworkRefused. */
export const bootVm = async (
  parts: BootParts,
  root: string,
): Promise<Omit<ResidentParts, 'host' | 'uptimeMs' | 'pause' | 'say'>> => {
  const { host, kernel, commands, provider, say } = parts;
  const identity = await takeVmIdentity(await host.bootSpec(parts.agentVersion), kernel, provider, parts.randomBytes);
  say(
    `VM ${identity.vmId} of ${kernel.kind} network ${kernel.networkId}, reports by ${provider.name}, launch ${identity.launchDigest}`,
  );

  await demandNoSwap('/proc');
  const prover: ProverParts = { ...parts, identity };
  const guestKey = await generateGuestKey();
  const release = await askForRelease(prover, guestKey);
  const { keysVersion, network } = release.secrets;
  const head = await openVolume(parts, release, identity.integrity);
  await mountVolume(commands, root);
  await host.stage('unlocked');

  const counter = await countBoot(root);
  if (counter <= release.minCounter) say(`boot counter ${counter}, the network knows of ${release.minCounter}`);
  const boot = { sshHostKey: await sshHostKey(root), headerSha256: head.header.headerDigest, counter };
  await askForGoAhead(prover, guestKey, boot);
  await host.stage('confirmed');

  await commands.run('mount', ['-t', 'tmpfs', '-o', 'mode=755,nosuid,nodev', 'tmpfs', `${root}/run`]);
  await placeAccess(`${root}/run`, release.secrets);
  await placeNameServers(`${root}/run`, network.dns);
  await setHostname('/proc', release.secrets.hostname);
  await configureNetwork(commands, network);
  return { identity, guestKeySha256: guestKey.sha256, sshHostKey: boot.sshHostKey, keysVersion };
};

const askForRelease = (parts: ProverParts, guestKey: GuestKey): Promise<Release> => {
  const { host, identity } = parts;
  const { networkId, networkKey, vmId, generation, bootId } = identity;
  const { suite, publicKey } = guestKey;
  const claim = { purpose: 'vm-key', binding: publicKey, suite, key: publicKey, boot: null } as const;
  return askWithProof(parts, claim, async ({ result, nonce }) => {
    const body = { result, guestKey: Buffer.from(publicKey).toString('base64'), nonce };
    const text = readSigned(await host.ask('release', body));
    return openRelease({ text, networkKey, guestKey, boot: { networkId, vmId, generation, bootId, nonce } });
  });
};

/** Opens or makes the volume, as the signed answer says, and wipes the keys whatever happens. */
const openVolume = async (
  { host, commands, kernel }: BootParts,
  release: Release,
  integrity: VmIdentity['integrity'],
): Promise<VolumeHead> => {
  const { volumeKey, imageKey, argon2 } = release.secrets;
  try {
    if (release.headerSha256 !== null) {
      await host.stage('opening');
      return await unlockVolume(commands, volumeKey, release.headerSha256, integrity);
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

type BootFacts = { readonly sshHostKey: string; readonly headerSha256: string; readonly counter: number };

/** Shows the network what is in the volume, and goes on when it has signed for exactly that. */
const askForGoAhead = (parts: ProverParts, guestKey: GuestKey, boot: BootFacts): Promise<void> => {
  const { networkId, networkKey, vmId, generation, bootId } = parts.identity;
  const claim = { purpose: 'ssh-host-key', binding: bootBinding(boot), suite: '', key: null, boot } as const;
  return askWithProof(parts, claim, async ({ result, nonce }) => {
    const text = readSigned(await parts.host.ask('confirm', { result, nonce, boot }));
    const of = { networkId, vmId, generation, bootId, nonce, guestKeySha256: guestKey.sha256 };
    const said = openNetworkMessage(text, networkKey, { ...of, purpose: 'go-ahead' });
    const ours = createHash('sha256').update(boot.sshHostKey).digest('hex');
    if (said.counter === boot.counter && said.sshHostKeySha256 === ours) return;
    const observed = `counter ${said.counter} and SSH host key ${said.sshHostKeySha256}`;
    throw new Stop('go-ahead-other', `the network's go-ahead is for ${observed}, wanted ${boot.counter} and ${ours}`);
  });
};

const configureNetwork = async (
  commands: Commands,
  { address, gateway }: Release['secrets']['network'],
): Promise<void> => {
  for (const args of [
    ['link', 'set', 'lo', 'up'],
    ['link', 'set', 'eth0', 'up'],
    ['addr', 'add', address, 'dev', 'eth0'],
    ['route', 'add', 'default', 'via', gateway],
  ]) {
    await commands.run('ip', args);
  }
};
