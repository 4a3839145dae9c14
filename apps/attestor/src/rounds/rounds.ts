import { type Appraisal, type HostEvidence, readHostEvidence } from '#attestation';
import type { NetworkKind } from '#domain';
import {
  AttestationRefused,
  type Challenge,
  type Clock,
  derivedUuid,
  type EvidenceAnswer,
  type ImaPart,
  type ImaPartTaken,
} from '#events';
import { type Attesters, asAttestationRefused } from '../attesters/attesters.ts';
import { type Nonces, nonceDigest } from '../challenges/nonces.ts';
import { checkOpen } from '../challenges/open-challenge.ts';
import type { GatherGrounds, Grounds } from '../endorsements/endorsements.ts';
import type { ImaSpool } from '../evidence/ima-spool.ts';
import type { KeepEvidence } from '../evidence/keep.ts';
import type { Turnstile } from '../evidence/turnstile.ts';
import type { Verdict } from '../figures.ts';
import { nonceMs } from '../limits.ts';
import type { Policies } from '../policies/policies.ts';
import type { createJudging, Judged } from './judging.ts';
import { answerOf, commandOf } from './record.ts';

export type RoundParts = {
  /** Who judges, for the record. */
  readonly attestorId: string;
  readonly network: { readonly id: string; readonly kind: NetworkKind };
  readonly clock: Pick<Clock, 'now'>;
  readonly random: (bytes: number) => Uint8Array;
  readonly nonces: Nonces;
  readonly attesters: Attesters;
  readonly turnstile: Turnstile;
  /** A second one, for whoever sent a list in parts: such a list is held whole while it is judged and kept. */
  readonly largeTurnstile: Turnstile;
  readonly spool: ImaSpool;
  readonly gather: GatherGrounds;
  readonly judge: ReturnType<typeof createJudging>;
  readonly policies: Pick<Policies, 'schedule'>;
  readonly keep: KeepEvidence;
  /** 0 to a million; what an attester that nobody knows has. */
  readonly scoreOf: (minerId: string) => number;
  /** The Attestation Result as a signed EAR. */
  readonly sign: (about: SignedAbout) => Promise<string>;
  /** Told of every verdict that was recorded. */
  readonly recorded: (verdict: Verdict) => void;
};

export type SignedAbout = Pick<Judged, 'evidenceSha256' | 'policy'> & {
  readonly appraisal: Appraisal;
  readonly appraisalId: string;
  readonly attesterId: string;
  readonly nonceSha256: string;
  readonly atMs: number;
};

/** One attestation: a challenge, and the evidence that answers it. */
export type Rounds = {
  challenge(minerId: string): Promise<Challenge>;
  /** Judges, keeps and records; the record uses the nonce up. Throws AttestationRefused for what is no answer to a challenge. */
  appraise(minerId: string, evidenceText: string): Promise<EvidenceAnswer>;
  /** Takes a part of a measurement list ahead of its evidence, for an open challenge of this miner. Throws AttestationRefused. */
  takePart(minerId: string, part: ImaPart): ImaPartTaken;
};

export const createRounds = (parts: RoundParts): Rounds => {
  const { clock, network, nonces, attesters, turnstile, largeTurnstile } = parts;
  return {
    challenge: async (minerId) => {
      const expiresAt = clock.now() + nonceMs;
      const state = await attesters.state(minerId);
      const nonce = nonces.issue({ attesterId: minerId, purpose: 'host-evidence', expiresAt });
      return {
        nonce: Buffer.from(nonce).toString('base64'),
        ...{ expiresAt, networkId: network.id, networkKind: network.kind },
        imaFrom: state?.progress.ima?.attested.entries ?? 0,
        akName: state?.key?.akName ?? null,
      };
    },
    appraise: (minerId, text) =>
      turnstile.pass(minerId, async () => {
        const document = Buffer.from(text, 'utf8');
        const evidence = answering(minerId, document, parts);
        const answer = { minerId, document, evidence, nonceSha256: nonceDigest(evidence.nonce) };
        const inParts = evidence.ima !== null && 'parts' in evidence.ima;
        try {
          return await (inParts ? largeTurnstile.pass(minerId, () => round(parts, answer)) : round(parts, answer));
        } catch (error) {
          throw asAttestationRefused(error);
        }
      }),
    takePart: (minerId, part) => {
      const terms = { attesterId: minerId, purpose: 'host-evidence', expiresAt: part.nonceExpiresAt } as const;
      checkOpen(parts, Buffer.from(part.nonce, 'base64'), terms);
      return parts.spool.take(minerId, part);
    },
  };
};

/** The evidence, if it answers a challenge that this network gave to this very miner and that is still open. */
const answering = (minerId: string, document: Uint8Array, parts: RoundParts): HostEvidence => {
  const read = readHostEvidence(document);
  if ('refusal' in read) {
    const { code, observed, wanted } = read.refusal;
    throw new AttestationRefused(code, `${observed}; wanted ${wanted}`, null);
  }
  const { attesterId, nonce, nonceExpiresAt: expiresAt, purpose } = read.value;
  if (attesterId !== minerId) {
    throw new AttestationRefused('attester-other', `the evidence is of ${attesterId} and came from ${minerId}`, null);
  }
  checkOpen(parts, nonce, { attesterId: minerId, purpose, expiresAt });
  return read.value;
};

type Answer = {
  readonly minerId: string;
  readonly document: Uint8Array;
  readonly evidence: HostEvidence;
  readonly nonceSha256: string;
};

const round = async (parts: RoundParts, answer: Answer): Promise<EvidenceAnswer> => {
  const { clock, attesters, judge, random, attestorId } = parts;
  const { minerId, document, evidence, nonceSha256 } = answer;
  const list = collected(parts, answer);
  // A part nobody outside knows: it decides the next due time, and no other attempt at this nonce can have the same id.
  const appraisalId = derivedUuid('appraisal', minerId, nonceSha256, Buffer.from(random(16)).toString('hex'));
  /** Begun by the first decision: a challenge that was answered already writes nothing. What is kept is what each one judges with. */
  let begun: Promise<Begun> | null = null;
  const told = await attesters.give({
    ...{ attesterId: minerId, commandId: appraisalId, actor: `system:${attestorId}` },
    decide: async (state) => {
      // Before any work is done on it: a replay is cheap.
      if (state?.usedNonces.has(nonceSha256) === true) {
        throw new AttestationRefused('nonce-used', 'this challenge was answered already; ask for a new one', 0);
      }
      const atMs = clock.now();
      begun ??= begin(parts, answer, list);
      const { grounds, keeping } = await begun;
      const judged = await judge({
        ...{ document, evidence, ima: list, grounds },
        ...{ attesterId: minerId, attester: state, nonceSha256, atMs },
      });
      const [evidenceSha256, schedule] = [await keeping, parts.policies.schedule()];
      const command = commandOf({
        ...{ judged, state, schedule, appraisalId, attestorId, minerId, nonceSha256, evidenceSha256 },
        ...{ nonceExpiresAt: evidence.nonceExpiresAt, now: clock.now(), score: parts.scoreOf(minerId) },
      });
      return { command, told: { judged, command, atMs } };
    },
  });
  const { judged, command, atMs } = told;
  parts.recorded(command);
  const result = await parts.sign({ ...judged, appraisalId, attesterId: minerId, nonceSha256, atMs });
  return answerOf(command, result);
};

type Begun = { readonly grounds: Grounds; readonly keeping: Promise<string | null> };

/** Gathers what it is judged with, and begins to keep that with the evidence. */
const begin = async (
  { gather, keep }: RoundParts,
  { minerId, document, evidence }: Answer,
  list: Uint8Array | null,
): Promise<Begun> => {
  const grounds = await gather(evidence);
  const pieces = { document, others: list === null ? [] : [list], judgedWith: grounds.judgedWith };
  return { grounds, keeping: keep(pieces, { minerId }) };
};

/**
 * The list that came ahead of this evidence. That it is not here says nothing about the host: this attestor may have started
 * after its parts were sent.
 */
const collected = ({ spool }: RoundParts, { minerId, evidence: { ima, nonce } }: Answer): Uint8Array | null => {
  if (ima === null || !('parts' in ima)) return null;
  const list = spool.collect(minerId, Buffer.from(nonce).toString('base64'), ima.parts);
  if (list !== null) return list;
  throw new AttestationRefused(
    'ima-parts-missing',
    `the measurement list is not here in ${ima.parts} parts; send them again, then the evidence`,
    0,
  );
};
