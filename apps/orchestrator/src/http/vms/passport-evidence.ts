import { hash } from 'node:crypto';
import { type EvidenceHints, hintsOf, parseGuestEvidence, type VekSource } from '#attestation';
import type { EvidenceAppraised } from '#domain';
import type { Log } from '#edge';
import { EvidenceUnavailable, type JudgedWith, type KeptEvidence } from '#events';
import { passportLimits as limits, type Passport, type PassportAppraisal } from '#passport';
import type { createChipHolders } from './passport-streams.ts';

/** Where the evidence of verdicts is, and what it rests on. */
export type PassportSources = {
  /** What the attestors keep; null where this orchestrator may not read it. Passports are without evidence then, and say so. */
  readonly evidence: KeptEvidence | null;
  /** Finds certificates and lists of real processors where none were kept; null takes the certificates that came with the evidence. */
  readonly endorse: VekSource | null;
};

export type EvidenceParts = PassportSources & {
  readonly holderOf: ReturnType<typeof createChipHolders>;
  readonly log: Log;
};

export type Verdict = { readonly event: EvidenceAppraised; readonly atMs: number };

type Collected = Pick<Passport, 'appraisals' | 'kept'>;

/** What judging these verdicts again takes: the newest first while there is room, then in the order they were recorded. */
export const collectEvidence = async (verdicts: readonly Verdict[], parts: EvidenceParts): Promise<Collected> => {
  const pieces = createPieces();
  const appraisals: PassportAppraisal[] = [];
  for (const verdict of verdicts.slice(-limits.appraisalsMax).reverse()) {
    appraisals.push(await listed(verdict, parts, pieces));
  }
  return { appraisals: appraisals.reverse(), kept: pieces.all() };
};

const listed = async ({ event, atMs }: Verdict, parts: EvidenceParts, pieces: Pieces): Promise<PassportAppraisal> => {
  const { appraisalId } = event;
  const nothing = { appraisalId, evidence: null, vek: null, chain: [], revocationList: null, chip: null };
  const { document, judgedWith } = await keptOf(event, parts);
  const read = document === null ? null : parseGuestEvidence(document);
  if (document === null || read === null || 'refusal' in read) return nothing;
  const hints = hintsOf(read.value);
  const chip = hints?.chipIdHex == null ? null : await parts.holderOf(hints.chipIdHex, atMs);
  const { certificates, list } = judgedWith === null ? await foundFor(hints, parts) : thenOf(judgedWith);
  if (!pieces.take([document, ...(certificates === null ? [] : [certificates.vek, ...certificates.chain])])) {
    return nothing;
  }
  return {
    ...{ appraisalId, evidence: sha256(document), chip },
    vek: certificates === null ? null : sha256(certificates.vek),
    chain: certificates === null ? [] : certificates.chain.map(sha256),
    // One too many is left out by itself.
    revocationList: list !== null && pieces.take([list]) ? sha256(list) : null,
  };
};

type Kept = { readonly document: Uint8Array | null; readonly judgedWith: JudgedWith | null };

/** What cannot be read is left out and said: the passport then says whose word that verdict is. */
const keptOf = async (
  { evidenceSha256, appraisalId }: EvidenceAppraised,
  { evidence, log }: EvidenceParts,
): Promise<Kept> => {
  if (evidence === null || evidenceSha256 === null) return { document: null, judgedWith: null };
  try {
    return { document: await evidence.get(evidenceSha256), judgedWith: await evidence.judgedWith(evidenceSha256) };
  } catch (error) {
    if (!(error instanceof EvidenceUnavailable)) throw error;
    log('warn', 'evidence left out of a passport', { appraisalId, reason: error.message });
    return { document: null, judgedWith: null };
  }
};

type Grounds = { readonly certificates: JudgedWith['certificates']; readonly list: Uint8Array | null };

/** Of the one product that it was about. */
const thenOf = ({ certificates, revocationLists }: JudgedWith): Grounds => ({
  ...{ certificates, list: Object.values(revocationLists)[0] ?? null },
});

/** Certificates that are not the evidence's own, and the list of the root, as they are to be had now. */
const foundFor = async (hints: EvidenceHints | null, { endorse }: EvidenceParts): Promise<Grounds> => {
  const answer = hints === null ? undefined : await endorse?.endorsementsFor(hints.report, hints.offered);
  if (hints === null || answer?.found !== true) return { certificates: null, list: null };
  const { vek, chain, crl } = answer.endorsements;
  const { offered } = hints;
  const isOwn = offered.vek !== null && sha256(offered.vek) === sha256(vek) && offered.chain.length > 0;
  return { certificates: isOwn ? null : { vek, chain }, list: crl };
};

type Pieces = ReturnType<typeof createPieces>;

const createPieces = () => {
  const taken = new Map<string, string>();
  let room: number = limits.keptCharsMax;
  return {
    /** Takes all of them, each once, or none where one is too large or there is no room. */
    take: (wanted: readonly Uint8Array[]): boolean => {
      const fresh = new Map(wanted.map((one) => [sha256(one), Buffer.from(one).toString('base64')] as const));
      for (const name of taken.keys()) fresh.delete(name);
      const chars = [...fresh.values()].reduce((sum, text) => sum + text.length + pieceChars, 0);
      if (chars > room || wanted.some((one) => one.length > limits.keptBytesMax)) return false;
      room -= chars;
      for (const [name, text] of fresh) taken.set(name, text);
      return true;
    },
    all: (): Passport['kept'] => [...taken].map(([name, bytes]) => ({ sha256: name, bytes })),
  };
};

/** What a piece takes beside its bytes. */
const pieceChars = 96;

const sha256 = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex');
