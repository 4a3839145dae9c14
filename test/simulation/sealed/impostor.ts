import { parseGuestBootSpec } from '#attestation';
import type { DesiredSpec } from '#domain';
import { openRelease } from '#sealing';
import { readSigned } from '../../../apps/guest-agent/src/boot/answers.ts';
import type { Random } from '../random.ts';
import { guestKeyOf } from './guest-key.ts';
import { launchOf } from './launched.ts';
import { network, networkPublicKey } from './network.ts';
import { type Ask, attest, type Claim } from './prove.ts';
import { forgedReportOf, type Launch, reportOf } from './silicon.ts';
import type { Witness } from './witness.ts';

export type ImpostorParts = {
  readonly minerId: string;
  /** The VM it would have the key of, as its host was told to run it. */
  readonly spec: DesiredSpec;
  /** Somebody else's VM, of which the host has heard. */
  readonly other: string | null;
  readonly askOf: (vmId: string) => Ask;
  readonly random: Random;
  readonly witness: Witness;
};

/**
 * A host that tries for a key itself, once: by a second guest of the same boot, by one it has changed, by a report that no
 * processor signed, or with a result that is about another VM. Resolves whatever comes of it: nothing, if all is well.
 */
export const tryForKey = async (parts: ImpostorParts): Promise<void> => {
  const { spec, other, askOf, random, witness, minerId } = parts;
  const launch = launchOf(spec);
  if (launch === null) return;
  const how = random.pick(['second-guest', 'changed-guest', 'forged-report', 'other-vm'] as const);
  const identity = parseGuestBootSpec(launch.bootSpec);
  const { vmId, bootId, generation } = identity;
  const key = await guestKeyOf(`${bootId} ${random.next()}`);
  // Shown for its own VM, what such a guest has is good, whoever started it; a host that has heard of no other VM shows it there.
  if (how === 'second-guest' || how === 'other-vm') witness.keyMade(key.sha256, { vmId, bootId, minerId });
  const guestKey = Buffer.from(key.publicKey).toString('base64');
  const claim: Claim = { purpose: 'vm-key', binding: key.publicKey, suite: key.suite, key: guestKey, boot: null };
  try {
    const report = reportBy(how, minerId, launch);
    const { proof } = await attest({ ask: askOf(vmId), report, identity, bootSpec: launch.bootSpec }, claim);
    const wanted = how === 'other-vm' ? (other ?? vmId) : vmId;
    const text = readSigned(await askOf(wanted)('release', { ...proof, guestKey }));
    const boot = { networkId: network.id, vmId, generation, bootId, nonce: proof.nonce };
    await openRelease({ text, networkKey: networkPublicKey, guestKey: key, boot });
    witness.keyOpened(key.sha256, { vmId, bootId });
  } catch {
    // It was refused, as it should be.
  }
};

const reportBy = (how: string, minerId: string, launch: Launch) => {
  return (reportData: Uint8Array): Uint8Array => {
    if (how === 'forged-report') return forgedReportOf(minerId, launch, reportData);
    const launchDigest = how === 'changed-guest' ? 'bb'.repeat(48) : launch.launchDigest;
    return reportOf(minerId, { ...launch, launchDigest }, reportData);
  };
};
