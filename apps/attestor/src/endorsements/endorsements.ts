import {
  type EvidenceHints,
  type HostContext,
  type HostEvidence,
  hintsOf,
  type VekSource,
  vekIdentityOf,
} from '#attestation';
import type { Clock, JudgedWith } from '#events';
import type { SimulatedIssuer } from '../chips/issue-chip.ts';
import { revocationListMs } from '../limits.ts';

/** What a report's signature rests on, as far as it could be had: certificates, and what the roots took back. */
export type Endorsed = Pick<HostContext, 'endorsements' | 'revocationLists'>;

/** Finds it for a report that nobody has verified yet. Never rejects: what cannot be had is left out, for the policy to refuse. */
export type Endorse = (hints: EvidenceHints) => Promise<Endorsed>;

/** What evidence, of whomever, is judged with: gathered once for a verdict, however often it has to be decided. */
export type Grounds = {
  /** `null` where the evidence has no report. */
  readonly hints: EvidenceHints | null;
  readonly endorsed: Endorsed;
  /** What of it is kept beside the evidence, which has the rest. */
  readonly judgedWith: JudgedWith;
};

export type GatherGrounds = (evidence: Pick<HostEvidence, 'snp'>) => Promise<Grounds>;

/** Never rejects, as what it asks. */
export const gatherBy =
  (endorse: Endorse): GatherGrounds =>
  async (evidence) => {
    const hints = hintsOf(evidence);
    const endorsed = hints === null ? { endorsements: null, revocationLists: {} } : await endorse(hints);
    const { endorsements, revocationLists } = endorsed;
    const isOwn = endorsements === null || hints === null || isOffered(endorsements, hints.offered);
    return { hints, endorsed, judgedWith: { certificates: isOwn ? null : endorsements, revocationLists } };
  };

const isOffered = (
  { vek, chain }: NonNullable<Endorsed['endorsements']>,
  offered: EvidenceHints['offered'],
): boolean => {
  const [found, own] = [
    [vek, ...chain],
    [...(offered.vek === null ? [] : [offered.vek]), ...offered.chain],
  ];
  return found.length === own.length && found.every((one, n) => Buffer.compare(one, own[n] ?? new Uint8Array()) === 0);
};

/**
 * On a simulated network the certificates are the evidence's own, and the list is ours to issue: the network has its root here,
 * and takes nothing back. It is made once a day, and holds for some days: a verdict remembers the chain it was read with.
 */
export const endorseSimulated = ({ processor, root }: SimulatedIssuer, clock: Pick<Clock, 'now'>): Endorse => {
  let made: { readonly day: number; readonly list: Uint8Array } | null = null;
  const listOfToday = (): Uint8Array => {
    const day = Math.floor(clock.now() / dayMs);
    if (made?.day !== day) {
      // From the day before on: an instant of the other attestor, whose clock is behind, is covered too.
      const thisUpdateMs = (day - 1) * dayMs;
      const terms = { thisUpdateMs, nextUpdateMs: thisUpdateMs + revocationListMs, revokesAsk: false };
      made = { day, list: processor.issueRevocationList(root, terms) };
    }
    return made.list;
  };
  return async ({ offered }) => ({
    endorsements: offeredOf(offered),
    revocationLists: { [root.product]: listOfToday() },
  });
};

/** From AMD's key server and what is kept of it. An outage can only take away: without a list, a policy that requires one refuses. */
export const endorseByKeyServer =
  (source: VekSource, failed: (reason: string) => void): Endorse =>
  async ({ report, offered }) => {
    const nothing: Endorsed = { endorsements: offeredOf(offered), revocationLists: {} };
    try {
      const answer = await source.endorsementsFor(report, offered);
      if (!answer.found) {
        if (answer.code !== 'unaddressable') failed(answer.detail);
        return nothing;
      }
      const { vek, chain, crl } = answer.endorsements;
      const product = vekIdentityOf(vek)?.product;
      const lists = crl === null || product === undefined ? {} : { [product]: crl };
      return { endorsements: { vek, chain }, revocationLists: lists };
    } catch (error) {
      failed(String(error));
      return nothing;
    }
  };

const offeredOf = ({ vek, chain }: EvidenceHints['offered']): Endorsed['endorsements'] =>
  vek === null ? null : { vek, chain };

const dayMs = 24 * 3_600_000;
