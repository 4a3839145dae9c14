import {
  defaultArgon2idBounds,
  type HeaderTerms,
  type HeaderVerdict,
  imageArgon2idBounds,
  type Luks2Header,
  parseLuks2Header,
} from '#luks';
import { Stop } from '../stop.ts';
import { limits } from './limits.ts';

/** The first bytes of a volume as they were read once, and what they say. Whoever can write to the disk changes neither. */
export type VolumeHead = { readonly bytes: Uint8Array; readonly header: Luks2Header };

/** What a head is of: the VM's own disk, or a private image, whose refusals are those of a volume with `image-` before them. */
export type WhoseHead = 'volume' | 'image';

/** A head that was read, and whether it has our form. Nothing is decided yet. */
export type SeenHead = {
  readonly bytes: Uint8Array;
  readonly whose: WhoseHead;
  readonly verdict: HeaderVerdict;
};

/** Looks at the first bytes of a device. Pure. */
export const seeHead = (bytes: Uint8Array, terms: Omit<HeaderTerms, 'argon2id'>, whose: WhoseHead): SeenHead => {
  const argon2id = whose === 'image' ? imageArgon2idBounds : defaultArgon2idBounds;
  return { bytes, whose, verdict: parseLuks2Header(bytes, { ...terms, argon2id }) };
};

/** Takes a head that was read strictly. Stops with `header-missing` where there is no LUKS2 header at all, `header-refused`
 *  for one of any other form than ours, `header-other` for one that is not the pinned digest (null: none is pinned yet). Pure. */
export const takeHead = ({ bytes, whose, verdict }: SeenHead, pinned: string | null): VolumeHead => {
  const stop = (code: string, words: string) => new Stop(whose === 'image' ? `image-${code}` : code, words);
  if (!verdict.ok) {
    const { code, message } = verdict.refusal;
    const isMissing = code === 'not-luks' || code === 'header-truncated';
    throw stop(isMissing ? 'header-missing' : 'header-refused', `${code}: ${message}`);
  }
  const { header } = verdict;
  if (pinned !== null && header.headerDigest !== pinned) {
    throw stop('header-other', `the ${whose}'s header has SHA-256 ${header.headerDigest}, wanted ${pinned}`);
  }
  if (header.dataOffsetBytes !== limits.headBytes) {
    const observed = `the ${whose}'s data begins at ${header.dataOffsetBytes}`;
    throw stop('header-refused', `segment-place: ${observed}, wanted ${limits.headBytes}`);
  }
  return { bytes, header };
};
