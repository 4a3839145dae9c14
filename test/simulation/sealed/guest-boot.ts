import { bootBinding, type GuestBootFacts, type GuestBootSpec, parseGuestBootSpec } from '#attestation';
import { type GuestKey, openNetworkMessage, openRelease, type Release } from '#sealing';
import { readSigned } from '../../../apps/guest-agent/src/boot/answers.ts';
import { openingOf } from '../../../apps/guest-agent/src/boot/counter.ts';
import { Stop } from '../../../apps/guest-agent/src/stop.ts';
import type { Random } from '../random.ts';
import { guestKeyOf } from './guest-key.ts';
import { network, networkPublicKey } from './network.ts';
import { askWithProof, type Claim, type Prover } from './prove.ts';
import { sha256Of } from './silicon.ts';
import { formatted, hostKeyIn, numbered, type SimVolume, unlocked } from './volume.ts';
import type { Witness } from './witness.ts';

/** The machine that a simulated guest runs on. */
export type GuestMachine = Prover & {
  readonly random: Random;
  readonly bootSpec: string;
  readonly minerId: string;
  readonly volume: { get(): SimVolume | null; set(volume: SimVolume): void };
  readonly witness: Witness;
};

type Guest = GuestMachine & { readonly identity: GuestBootSpec; readonly key: GuestKey };

/**
 * What the guest agent does from its start to the pivot, in its order and with its rules for asking again. What is measured,
 * signed and sealed is so in earnest; the disk is a model. The SSH host key, once it may run what is inside. Throws as the
 * agent stops.
 */
export const bootGuest = async (machine: GuestMachine): Promise<string> => {
  const { life, clock, random, volume, witness } = machine;
  const identity = parseGuestBootSpec(machine.bootSpec);
  const { vmId, bootId } = identity;
  const key = await guestKeyOf(bootId);
  witness.keyMade(key.sha256, { vmId, bootId, minerId: machine.minerId });
  const guest: Guest = { ...machine, identity, key };
  const release = await askForRelease(guest);
  witness.keyOpened(key.sha256, { vmId, bootId });
  await clock.sleep(random.between(200, 3_000));
  await life.here();
  const opened = release.mode === 'format' ? formatted(release, key.sha256) : unlocked(volume.get(), release);
  const { counter, isLatest } = openingOf(opened.counter, release);
  const given = release.counter ?? counter;
  const sshHostKey = hostKeyIn(opened);
  if (isLatest) volume.set(numbered(opened, counter, bootId));
  await askForGoAhead(guest, { headerSha256: opened.headerSha256, counter, sshHostKey }, given);
  if (!isLatest) volume.set(numbered(opened, given, bootId));
  witness.wentOn(bootId, { vmId, counter: given, sshHostKey, openedBy: opened.openedBy });
  return sshHostKey;
};

const askForRelease = (guest: Guest): Promise<Release> => {
  const { key, identity } = guest;
  const guestKey = Buffer.from(key.publicKey).toString('base64');
  const claim: Claim = { purpose: 'vm-key', binding: key.publicKey, suite: key.suite, key: guestKey, boot: null };
  return askWithProof(guest, claim, async ({ result, nonce }) => {
    const text = readSigned(await guest.ask('release', { result, guestKey, nonce }));
    const { vmId, generation, bootId } = identity;
    const boot = { networkId: network.id, vmId, generation, bootId, nonce };
    return openRelease({ text, networkKey: networkPublicKey, guestKey: key, boot });
  });
};

const askForGoAhead = (guest: Guest, boot: GuestBootFacts, counter: number): Promise<void> => {
  const { vmId, generation, bootId } = guest.identity;
  const claim: Claim = { purpose: 'ssh-host-key', binding: bootBinding(boot), suite: '', key: null, boot };
  return askWithProof(guest, claim, async ({ result, nonce }) => {
    const text = readSigned(await guest.ask('confirm', { result, nonce, boot }));
    const of = { networkId: network.id, vmId, generation, bootId, nonce, guestKeySha256: guest.key.sha256 };
    const said = openNetworkMessage(text, networkPublicKey, { ...of, purpose: 'go-ahead' });
    if (said.counter === counter && said.sshHostKeySha256 === sha256Of(boot.sshHostKey)) return;
    throw new Stop('go-ahead-other', `it is for counter ${said.counter}, wanted ${counter}`);
  });
};
