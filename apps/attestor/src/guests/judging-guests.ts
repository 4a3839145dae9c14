import {
  type DeviceHolder,
  type ExpectedBoot,
  type GuestBootPolicy,
  type GuestEvidence,
  type GuestJudgement,
  judgeGuestEvidence,
} from '#attestation';
import type { DeviceKind, NetworkKind } from '#domain';
import { AttestationRefused } from '#events';
import type { Grounds } from '../endorsements/endorsements.ts';
import type { InForce, Policies } from '../policies/policies.ts';
import type { Trust } from '../rounds/judging.ts';

export type GuestJudgingParts = {
  readonly network: { readonly id: string; readonly kind: NetworkKind };
  readonly trust: Trust;
  readonly policies: Pick<Policies, 'guestBoot'>;
  readonly holderOf: (kind: DeviceKind, deviceId: string) => Promise<DeviceHolder>;
};

export type GuestQuestion = {
  readonly document: Uint8Array;
  /** The same, read. */
  readonly evidence: GuestEvidence;
  readonly grounds: Grounds;
  readonly expected: ExpectedBoot;
  readonly nonceSha256: string;
  readonly atMs: number;
};

export type JudgedGuest = GuestJudgement & { readonly inForce: InForce<GuestBootPolicy> };

/**
 * Gathers what a verdict on a guest depends on, and judges. Throws AttestationRefused `chip-not-held` while nobody holds the
 * chip: a miner that has just come attests in a moment, and a VM on it need not fail for that; and `revocation-list-lacking` when
 * that is all there is against a guest: a list we could not get is our lack, and a refusal would end its VM. It waits instead.
 */
export const createGuestJudging =
  ({ network, trust, policies, holderOf }: GuestJudgingParts) =>
  async ({ document, evidence, grounds, expected, nonceSha256, atMs }: GuestQuestion): Promise<JudgedGuest> => {
    const inForce = policies.guestBoot();
    const { hints, endorsed } = grounds;
    const chipId = hints?.chipIdHex ?? null;
    const chip = chipId === null ? null : await holderOf('chip', chipId);
    if (chip !== null && chip.heldBy === null) {
      throw new AttestationRefused(
        'chip-not-held',
        `no miner holds chip ${chip.deviceId.slice(0, 32)} yet; miner ${expected.minerId} does once its own evidence is affirmed`,
        askAgainMs,
      );
    }
    const context = {
      ...{ network, expected, nonceSha256, chip, atMs, roots: trust.roots, verdicts: trust.verdicts },
      ...endorsed,
    };
    const judged = judgeGuestEvidence({ document, evidence }, context, inForce.policy);
    const { refusals } = judged.appraisal;
    if (refusals.length > 0 && refusals.every(({ code }) => code === 'snp-revocation-list')) {
      throw new AttestationRefused(
        'revocation-list-lacking',
        `the revocation list here is ${refusals[0]?.observed}, wanted ${refusals[0]?.wanted}; this attestor asks for another`,
        listAgainMs,
      );
    }
    return { ...judged, inForce };
  };

/** A first round of a host takes some seconds. */
const askAgainMs = 2_000;

/** A key server that is down is not helped by being asked more often. */
const listAgainMs = 10_000;
