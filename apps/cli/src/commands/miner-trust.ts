import type { Freshness, MinerView } from '../client/views.ts';
import { spanText } from '../output/time.ts';

/** `affirming SIMULATED`: a tier is never shown without what vouches for it. */
export const tierText = (fresh: Freshness | null | undefined): string => {
  if (fresh == null) return '-';
  return `${fresh.tier}${fresh.isSimulated === true ? ' SIMULATED' : ''}`;
};

/** How old the verdict is; `never` before any. */
export const attestedText = (fresh: Freshness | null | undefined, now: number): string =>
  fresh?.appraisedAt == null ? 'never' : spanText(Math.max(0, now - Date.parse(fresh.appraisedAt)));

/** When the next evidence is due: `in 2 min`, or `OVERDUE 5 min`. */
export const nextText = (fresh: Freshness | null | undefined, now: number): string => {
  if (fresh?.nextDueAt == null) return '-';
  const ms = Date.parse(fresh.nextDueAt) - now;
  return ms < 0 ? `OVERDUE ${spanText(-ms)}` : `in ${spanText(ms)}`;
};

/** A score of a million as `51.20 %`. */
export const scoreText = (score: number | null | undefined): string =>
  score == null ? '-' : `${(score / 10_000).toFixed(2)} %`;

/** A change of a score, with its sign; to the last digit where it needs that: a good verdict moves it by less than a hundredth. */
export const deltaText = (delta: number): string =>
  `${delta < 0 ? '' : '+'}${(delta / 10_000).toFixed(delta % 100 === 0 ? 2 : 4)} %`;

/** What `hcc miner status` says of trust. */
export const trustFacts = (
  { attestation, score, minerId }: MinerView,
  now: number,
): readonly (readonly [string, string])[] =>
  attestation == null
    ? []
    : [
        ['attestation', tierText(attestation)],
        ['attested', `${attestedText(attestation, now)}${attestation.appraisedAt === null ? '' : ' ago'}`],
        ['next evidence', nextText(attestation, now)],
        ['score', `${scoreText(score)} (hcc miner why ${minerId.slice(0, 8)})`],
      ];
