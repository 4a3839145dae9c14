import { defaultArgon2idBounds, type HeaderTerms, type Luks2Header, parseLuks2Header } from '#luks';
import { Stop } from '../stop.ts';
import { limits } from './limits.ts';

/** The first bytes of a volume as they were read once, and what they say. Whoever can write to the disk changes neither. */
export type VolumeHead = { readonly bytes: Uint8Array; readonly header: Luks2Header };

/** Reads the head of a volume strictly. Stops with `header-missing` where there is no LUKS2 header at all, `header-refused`
 *  for one of any other form than ours, `header-other` for one that is not the pinned digest (null: none is pinned yet). Pure. */
export const readHead = (
  bytes: Uint8Array,
  terms: Omit<HeaderTerms, 'argon2id'>,
  pinned: string | null,
): VolumeHead => {
  const verdict = parseLuks2Header(bytes, { ...terms, argon2id: defaultArgon2idBounds });
  if (!verdict.ok) {
    const { code, message } = verdict.refusal;
    const isMissing = code === 'not-luks' || code === 'header-truncated';
    throw new Stop(isMissing ? 'header-missing' : 'header-refused', `${code}: ${message}`);
  }
  const { header } = verdict;
  if (pinned !== null && header.headerDigest !== pinned) {
    throw new Stop('header-other', `the volume's header has SHA-256 ${header.headerDigest}, wanted ${pinned}`);
  }
  if (header.dataOffsetBytes !== limits.headBytes) {
    const observed = `the volume's data begins at ${header.dataOffsetBytes}`;
    throw new Stop('header-refused', `segment-place: ${observed}, wanted ${limits.headBytes}`);
  }
  return { bytes, header };
};
