import { hash } from 'node:crypto';
import type { GuestEvidence } from '#attestation';
import { firstOf } from './check.ts';
import type { SeenBoot } from './replay.ts';

type Released = NonNullable<SeenBoot['released']>;
type Confirmed = NonNullable<SeenBoot['confirmed']>;

/** Why the evidence that a key was released for binds another key than the one that got it; null where it binds that one. */
export const releaseFault = (evidence: GuestEvidence, released: Released): string | null => {
  if (evidence.purpose !== 'vm-key') return `its evidence is of purpose ${evidence.purpose}`;
  const key = hash('sha256', evidence.key, 'hex');
  return firstOf(
    bootFault(evidence, released),
    key !== released.guestKeySha256 &&
      `its evidence binds guest key ${key}; the key went to ${released.guestKeySha256}`,
    evidence.suite !== released.suite &&
      `its evidence binds suite ${evidence.suite}; the key went out in ${released.suite}`,
  );
};

/** Why the evidence of a confirmed boot binds other facts than were recorded; null where it binds those. What a disk said
 *  that its owner `allowed` is replaced by the number that the boot was given. */
export const confirmationFault = (
  evidence: GuestEvidence,
  confirmed: Confirmed,
  allowed: number | null,
): string | null => {
  if (evidence.purpose !== 'ssh-host-key') return `its evidence is of purpose ${evidence.purpose}`;
  const { sshHostKey, headerSha256, counter } = evidence.boot;
  return firstOf(
    bootFault(evidence, confirmed),
    sshHostKey !== confirmed.sshHostKey &&
      `its evidence binds SSH host key ${sshHostKey}; recorded is ${confirmed.sshHostKey}`,
    headerSha256 !== confirmed.headerSha256 &&
      `its evidence binds header ${headerSha256}; recorded is ${confirmed.headerSha256}`,
    counter !== confirmed.counter &&
      counter !== allowed &&
      `its evidence binds counter ${counter}; recorded is ${confirmed.counter}`,
  );
};

const bootFault = (evidence: GuestEvidence, { bootId, generation }: Released | Confirmed): string | null =>
  evidence.bootId === bootId && evidence.generation === generation
    ? null
    : `its evidence is of generation ${evidence.generation}, boot ${evidence.bootId}`;
