import { explainRefusal, type HostEvidence, readHostEvidence } from '#attestation';
import {
  type AppraisalProgress,
  type Attester,
  attestationIntervalMs,
  loadedKeysMax,
  type NetworkKind,
  type Rhythm,
  type Tier,
} from '#domain';
import type { Log } from '#edge';
import {
  AttestationRefused,
  attesterId as attesterIdOf,
  type Challenge,
  type Clock,
  derivedUuid,
  type EvidenceAnswer,
  type EvidenceStore,
} from '#events';
import { type Attesters, asAttestationRefused } from '../attesters/attesters.ts';
import { type Nonces, nonceDigest } from '../challenges/nonces.ts';
import type { ImaSpool } from '../evidence/ima-spool.ts';
import type { Turnstile } from '../evidence/turnstile.ts';
import { nonceMs } from '../limits.ts';
import type { Policies } from '../policies/policies.ts';
import type { createJudging, Judged } from './judging.ts';

export type RoundParts = {
  /** Who judges, for the record. */
  readonly attestorId: string;
  readonly network: { readonly id: string; readonly kind: NetworkKind };
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly nonces: Nonces;
  readonly attesters: Attesters;
  readonly turnstile: Turnstile;
  readonly spool: ImaSpool;
  readonly judge: ReturnType<typeof createJudging>;
  readonly policies: Pick<Policies, 'schedule'>;
  readonly evidence: EvidenceStore;
  /** 0 to a million; what an attester that nobody knows has. */
  readonly scoreOf: (minerId: string) => number;
  /** The Attestation Result as a signed EAR. */
  readonly sign: (about: SignedAbout) => Promise<string>;
};

export type SignedAbout = Pick<Judged, 'appraisal' | 'evidenceSha256' | 'policy'> & {
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
};

export const createRounds = (parts: RoundParts): Rounds => {
  const { clock, network, nonces, attesters, turnstile } = parts;
  return {
    challenge: async (minerId) => {
      const expiresAt = clock.now() + nonceMs;
      const state = await attesters.state(minerId);
      return {
        nonce: Buffer.from(nonces.issue({ attesterId: minerId, purpose: 'host-evidence', expiresAt })).toString(
          'base64',
        ),
        ...{ expiresAt, networkId: network.id, networkKind: network.kind },
        imaFrom: state?.progress.ima?.attested.entries ?? 0,
        akName: state?.key?.akName ?? null,
      };
    },
    appraise: (minerId, text) =>
      turnstile.pass(minerId, async () => {
        const document = Buffer.from(text, 'utf8');
        const evidence = answering(minerId, document, parts);
        const nonceSha256 = nonceDigest(evidence.nonce);
        const state = await attesters.state(minerId);
        // Before any work is done on it: a replay is cheap.
        if (state?.usedNonces.has(nonceSha256) === true) {
          throw new AttestationRefused('nonce-used', 'this challenge was answered already; ask for a new one', 0);
        }
        try {
          return await round(parts, { minerId, document, evidence, state, nonceSha256 });
        } catch (error) {
          throw asAttestationRefused(error);
        }
      }),
  };
};

/** The evidence, if it answers a challenge that this network gave to this very miner and that is still open. */
const answering = (minerId: string, document: Uint8Array, { nonces, clock }: RoundParts): HostEvidence => {
  const read = readHostEvidence(document);
  if ('refusal' in read) {
    const { code, observed, wanted } = read.refusal;
    throw new AttestationRefused(code, `${observed}; wanted ${wanted}`, null);
  }
  const { attesterId, nonce, nonceExpiresAt: expiresAt, purpose } = read.value;
  if (attesterId !== minerId) {
    throw new AttestationRefused('attester-other', `the evidence is of ${attesterId} and came from ${minerId}`, null);
  }
  if (!nonces.isOurs(nonce, { attesterId: minerId, purpose, expiresAt })) {
    throw new AttestationRefused(
      'nonce-unknown',
      'this nonce was not given to this miner with that expiry; ask for a challenge and answer that one',
      0,
    );
  }
  if (clock.now() >= expiresAt) {
    throw new AttestationRefused(
      'nonce-expired',
      'the challenge has expired; ask for a new one and answer it at once',
      0,
    );
  }
  return read.value;
};

type Answer = {
  readonly minerId: string;
  readonly document: Uint8Array;
  readonly evidence: HostEvidence;
  readonly state: Attester | null;
  readonly nonceSha256: string;
};

const round = async (parts: RoundParts, answer: Answer): Promise<EvidenceAnswer> => {
  const { clock, attesters, spool, judge } = parts;
  const { minerId, document, evidence, state, nonceSha256 } = answer;
  const atMs = clock.now();
  const { ima } = evidence;
  const nonce = Buffer.from(evidence.nonce).toString('base64');
  const list = ima !== null && 'parts' in ima ? spool.collect(minerId, nonce, ima.parts) : null;
  const judged = await judge({ document, ima: list, attesterId: minerId, attester: state, nonceSha256, atMs });
  const evidenceSha256 = await kept(parts, answer, list);
  const appraisalId = derivedUuid('appraisal', minerId, nonceSha256);
  const { appraisal, policy } = judged;
  const { tier, groups, platform, claims } = appraisal;
  const schedule = parts.policies.schedule();
  const nextDueAt = clock.now() + attestationIntervalMs(schedule.policy, rhythmOf(parts, answer, tier, appraisalId));
  const refusals = appraisal.refusals.map((one) => ({
    ...{ group: one.group, code: one.code, observed: shown(one.observed), wanted: shown(one.wanted) },
  }));
  const attesterId = attesterIdOf.decode(minerId);
  await attesters.give({
    ...{ attesterId: minerId, commandId: appraisalId, actor: `system:${parts.attestorId}` },
    command: {
      ...{ type: 'RecordAppraisal', now: clock.now(), attesterId, kind: 'host', appraisalId },
      ...{ attestorId: parts.attestorId, nonceSha256, nonceExpiresAt: evidence.nonceExpiresAt, evidenceSha256 },
      ...{ policies: [policy, schedule.used], platform, tier, groups, refusals, claims: shortClaims(claims) },
      ...{ progress: storable(appraisal.progress), nextDueAt },
    },
  });
  return {
    ...{ appraisalId, tier, groups, nextDueAt },
    refusals: refusals.map((one) => ({ ...one, ...words(one.code) })),
    result: await parts.sign({ ...judged, appraisalId, attesterId: minerId, nonceSha256, atMs }),
  };
};

/** Evidence that could not be kept is judged all the same; the record says that it cannot be judged again. */
const kept = async (
  { evidence, log }: RoundParts,
  { minerId, document }: Answer,
  list: Uint8Array | null,
): Promise<string | null> => {
  try {
    if (list !== null) await evidence.put(list);
    return await evidence.put(document);
  } catch (error) {
    log('error', 'evidence not kept, so this verdict cannot be judged again', { minerId, reason: String(error) });
    return null;
  }
};

const rhythmOf = ({ scoreOf }: RoundParts, { minerId, state }: Answer, tier: Tier, appraisalId: string): Rhythm => ({
  score: scoreOf(minerId),
  tier,
  affirmed: (state?.affirmed ?? 0) + (tier === 'affirming' ? 1 : 0),
  failuresInRow: tier === 'affirming' ? 0 : (state?.failuresInRow ?? 0) + 1,
  // 32 bits of a digest over the nonce: nobody outside can know them in time to choose.
  spread: Number.parseInt(appraisalId.slice(0, 8), 16) / 2 ** 32,
});

/** Events hold lines for a screen; what a verifier says may be longer. */
const shown = (text: string): string =>
  text.length <= textMax ? text : `${text.slice(0, textMax - 1).toWellFormed()}…`;
const textMax = 200;

const shortClaims = (claims: Judged['appraisal']['claims']): Judged['appraisal']['claims'] => ({
  ...claims,
  agentVersion: claims.agentVersion === null ? null : shown(claims.agentVersion),
});

/** A list that loaded more keys than are kept between rounds is asked for from its beginning. */
const storable = ({ tpm, ima }: Judged['appraisal']['progress']): AppraisalProgress => {
  if (ima === null || ima.loadedKeys.length > loadedKeysMax) return { tpm, ima: null };
  const point = ({ entries, replay }: { readonly entries: number; readonly replay: object }) => ({
    entries,
    replay: Object.fromEntries(Object.entries(replay).filter(([, value]) => value !== undefined)),
  });
  return { tpm, ima: { ...ima, attested: point(ima.attested), seen: point(ima.seen) } };
};

const words = (code: string): { readonly title: string; readonly fix: string } => {
  const { title, fix } = explainRefusal(code);
  return { title, fix };
};
