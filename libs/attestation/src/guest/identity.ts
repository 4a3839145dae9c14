import { createHash } from 'node:crypto';
import { check, failed } from '../appraisal/check.ts';
import { bootBinding } from '../guest-boot.ts';
import type { SnpClaims } from '../snp/claims.ts';
import { keySuites } from '../transcript.ts';
import type { Check, Verified } from '../verdict.ts';
import type { GuestEvidence } from './evidence.ts';
import type { GuestContext } from './judge.ts';
import type { GuestBootPolicy } from './policy.ts';

/** What the report of some evidence must bind: the guest's public key, or what it found inside its volume. */
export const guestBindingOf = (evidence: GuestEvidence): Uint8Array =>
  evidence.purpose === 'vm-key' ? evidence.key : bootBinding(evidence.boot);

export interface IdentitySeen {
  readonly snp: Verified<SnpClaims> | null;
  readonly binding: readonly Check[];
  readonly context: GuestContext;
  readonly policy: GuestBootPolicy;
}

/** Who speaks, of which boot, whether it is an answer to us, whether the report binds it, and whose chip it is from. */
export const guestIdentityChecks = (evidence: GuestEvidence, seen: IdentitySeen): readonly Check[] => {
  const { expected, nonceSha256 } = seen.context;
  const nonce = createHash('sha256').update(evidence.nonce).digest('hex');
  const boot = (of: { readonly generation: number; readonly bootId: string }): string =>
    `generation ${of.generation}, boot ${of.bootId}`;
  return [
    check('identity-attester', evidence.attesterId === expected.vmId, evidence.attesterId, expected.vmId),
    check('identity-nonce', nonce === nonceSha256, `a nonce with SHA-256 ${nonce}`, nonceSha256),
    check('guest-boot-other', boot(evidence) === boot(expected), boot(evidence), boot(expected)),
    ...suiteChecks(evidence, seen.policy),
    ...bindingChecks(seen),
    ...chipChecks(seen),
  ];
};

const suiteChecks = (evidence: GuestEvidence, { allowClassical }: GuestBootPolicy): readonly Check[] => {
  if (evidence.purpose !== 'vm-key') return [];
  const { suite, key } = evidence;
  const { hybrid, classical } = keySuites;
  const known = [hybrid, classical].find(({ name }) => name === suite);
  if (known === undefined) return [failed('guest-suite-unknown', suite, `${hybrid.name} or ${classical.name}`)];
  const isGood = known === hybrid || allowClassical;
  return [
    check('guest-suite-classical', isGood, suite, allowClassical ? `${hybrid.name} or ${classical.name}` : hybrid.name),
    check(
      'guest-key-form',
      key.length === known.publicKeyBytes,
      `${key.length} bytes`,
      `${known.publicKeyBytes} bytes of ${suite}`,
    ),
  ];
};

const bindingChecks = ({ snp, binding }: IdentitySeen): readonly Check[] =>
  snp?.ok === true
    ? binding.map(({ outcome, observed, wanted }) => check('guest-binding', outcome === 'passed', observed, wanted))
    : [failed('identity-no-report', 'a report that did not verify', 'a report over this evidence')];

/** A guest is only ever where it was placed: a chip that nobody holds yet is not its miner's. */
const chipChecks = ({ snp, context: { chip, expected } }: IdentitySeen): readonly Check[] => {
  if (snp?.ok !== true) return [];
  const { chipIdHex, chipIdBound } = snp.claims;
  if (chipIdHex === null || !chipIdBound) {
    return [failed('guest-chip-unnamed', 'a report that names no chip', `a chip that miner ${expected.minerId} holds`)];
  }
  if (chip === null || chip.deviceId !== chipIdHex) {
    return [failed('identity-chip-not-looked-up', chip?.deviceId ?? 'no lookup', `the holder of chip ${chipIdHex}`)];
  }
  const observed = `${chip.deviceId.slice(0, 32)} held by ${chip.heldBy ?? 'nobody'}`;
  return [check('guest-chip-other-miner', chip.heldBy === expected.minerId, observed, `held by ${expected.minerId}`)];
};
