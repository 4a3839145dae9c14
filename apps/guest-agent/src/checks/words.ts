import type { EvidenceRefusal } from '#attestation';
import { channelLimits } from '#guest-channel';

/** Refusals as one bounded sentence for a person. Pure. */
export const sayRefusals = (refusals: readonly EvidenceRefusal[]): string =>
  bounded(refusals.map(({ code, observed, wanted }) => `${code} is ${observed}, wanted ${wanted}`).join('; '));

/** Text as long as the channel takes words, never empty. Pure. */
export const bounded = (text: string): string =>
  text === '' ? 'no words' : text.slice(0, channelLimits.wordsCharsMax - 100);
