import { createHash } from 'node:crypto';
import { type ExpectedBoot, type GuestEvidence, type GuestTerms, guestBindingOf } from '#attestation';
import type { NetworkKind } from '#domain';
import type { Throttle } from '#edge';
import { AttestationRefused, type Clock, derivedUuid, type EvidenceAnswer, type GuestChallenge } from '#events';
import { type Attesters, asAttestationRefused } from '../attesters/attesters.ts';
import { type Nonces, nonceDigest } from '../challenges/nonces.ts';
import type { GatherGrounds, Grounds } from '../endorsements/endorsements.ts';
import type { KeepEvidence } from '../evidence/keep.ts';
import type { Turnstile } from '../evidence/turnstile.ts';
import type { Verdict } from '../figures.ts';
import { nonceMs } from '../limits.ts';
import { answerOf } from '../rounds/record.ts';
import type { SignedAbout } from '../rounds/rounds.ts';
import { guestAnswering } from './answering.ts';
import type { createGuestJudging, JudgedGuest } from './judging-guests.ts';
import type { ExpectedBoots } from './placed-boots.ts';
import { guestCommandOf } from './record-guest.ts';

export type GuestRoundParts = {
  /** Who judges, for the record. */
  readonly attestorId: string;
  readonly network: { readonly id: string; readonly kind: NetworkKind };
  readonly clock: Pick<Clock, 'now'>;
  readonly random: (bytes: number) => Uint8Array;
  readonly nonces: Nonces;
  readonly attesters: Attesters;
  readonly expectedBoot: ExpectedBoots;
  /** Of one VM on one miner: a miner that asks for a VM it does not hold takes nothing from whoever holds it. */
  readonly throttle: Throttle;
  readonly turnstile: Turnstile;
  readonly gather: GatherGrounds;
  readonly judge: ReturnType<typeof createGuestJudging>;
  readonly keep: KeepEvidence;
  readonly sign: (about: SignedAbout, guest: GuestTerms, maxAgeMs: number) => Promise<string>;
  /** Told of every verdict that was recorded. */
  readonly recorded: (verdict: Verdict) => void;
};

export type GuestAsk = { readonly vmId: string; readonly purpose: GuestEvidence['purpose'] };

/** One attestation of an owner's VM, through the miner that runs it: a challenge, and the evidence that answers it. */
export type GuestRounds = {
  challenge(minerId: string, ask: GuestAsk): Promise<GuestChallenge>;
  /** Judges, keeps and records; the record uses the nonce up. Throws AttestationRefused for what is no answer to a challenge. */
  appraise(minerId: string, vmId: string, evidenceText: string): Promise<EvidenceAnswer>;
};

export const createGuestRounds = (parts: GuestRoundParts): GuestRounds => {
  const { clock, network, nonces, expectedBoot, turnstile } = parts;
  return {
    challenge: async (minerId, { vmId, purpose }) => {
      assertCalm(parts, `challenge ${minerId} ${vmId}`, vmId);
      // Nobody asks for a VM that is not its own, not even for a nonce.
      await expectedBoot(minerId, vmId);
      const expiresAt = clock.now() + nonceMs;
      const nonce = nonces.issue({ attesterId: vmId, purpose, expiresAt });
      return {
        nonce: Buffer.from(nonce).toString('base64'),
        ...{ expiresAt, networkId: network.id, networkKind: network.kind },
      };
    },
    appraise: async (minerId, vmId, text) => {
      // Counted apart: a guest that waits would else use up on challenges what its evidence needs.
      assertCalm(parts, `evidence ${minerId} ${vmId}`, vmId);
      const document = Buffer.from(text, 'utf8');
      const evidence = guestAnswering(vmId, document, parts);
      return turnstile.pass(`${minerId} ${vmId}`, async () => {
        try {
          const expected = await expectedBoot(minerId, vmId);
          return await round(parts, { document, evidence, expected, nonceSha256: nonceDigest(evidence.nonce) });
        } catch (error) {
          throw asAttestationRefused(error);
        }
      });
    },
  };
};

const assertCalm = ({ throttle }: GuestRoundParts, key: string, vmId: string): void => {
  const waitMs = throttle(key);
  if (waitMs === 0) return;
  const seconds = Math.ceil(waitMs / 1_000);
  throw new AttestationRefused('throttled', `VM ${vmId} asks too often; ask again in ${seconds} s`, waitMs);
};

type Answer = {
  readonly document: Uint8Array;
  readonly evidence: GuestEvidence;
  readonly expected: ExpectedBoot;
  readonly nonceSha256: string;
};

const round = async (parts: GuestRoundParts, answer: Answer): Promise<EvidenceAnswer> => {
  const { clock, attesters, gather, judge, random, attestorId } = parts;
  const { document, evidence, expected, nonceSha256 } = answer;
  const { vmId } = expected;
  // No two attempts at one nonce have the same id, so that the second one finds the nonce used and not its own answer.
  const appraisalId = derivedUuid('appraisal', vmId, nonceSha256, Buffer.from(random(16)).toString('hex'));
  let gathering: Promise<Grounds> | null = null;
  let keeping: Promise<string | null> | null = null;
  const { judged, command, atMs } = await attesters.give({
    ...{ attesterId: vmId, commandId: appraisalId, actor: `system:${attestorId}` },
    decide: async (state) => {
      // Before any work is done on it: a replay is cheap.
      if (state?.usedNonces.has(nonceSha256) === true) {
        throw new AttestationRefused('nonce-used', 'this challenge was answered already; ask for a new one', 0);
      }
      const at = clock.now();
      gathering ??= gather(evidence);
      const grounds = await gathering;
      const verdict = await judge({ document, evidence, grounds, expected, nonceSha256, atMs: at });
      const pieces = { document, others: [], judgedWith: grounds.judgedWith };
      keeping ??= parts.keep(pieces, { vmId, minerId: expected.minerId });
      const record = guestCommandOf({
        ...{ judged: verdict, appraisalId, attestorId, vmId, nonceSha256, evidenceSha256: await keeping },
        ...{ nonceExpiresAt: evidence.nonceExpiresAt, now: clock.now() },
      });
      return { command: record, told: { judged: verdict, command: record, atMs: at } };
    },
  });
  parts.recorded(command);
  return answerOf(command, await signed(parts, answer, { judged, appraisalId, atMs }));
};

const signed = (
  { sign }: GuestRoundParts,
  { evidence, expected, nonceSha256 }: Answer,
  of: { readonly judged: JudgedGuest; readonly appraisalId: string; readonly atMs: number },
): Promise<string> => {
  const { appraisal, evidenceSha256, inForce } = of.judged;
  const { purpose, generation, bootId, suite } = evidence;
  const bindingSha256 = createHash('sha256').update(guestBindingOf(evidence)).digest('hex');
  return sign(
    {
      ...{ appraisal, evidenceSha256, policy: inForce.used, nonceSha256 },
      ...{ appraisalId: of.appraisalId, attesterId: expected.vmId, atMs: of.atMs },
    },
    { purpose, generation, bootId, suite, bindingSha256, minerId: expected.minerId },
    inForce.policy.maxAgeMs,
  );
};
