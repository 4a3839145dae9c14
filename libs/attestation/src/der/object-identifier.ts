import { Malformed } from '../malformed.ts';

/** Bytes of one arc: more than four hold no number that any standard uses. */
const arcBytesMax = 4;
const contentBytesMax = 64;

/** The dotted form of an object identifier. Refuses padded arcs and arcs that do not fit 28 bits. */
export const readObjectIdentifier = (content: Uint8Array, what: () => string): string => {
  if (content.length === 0 || content.length > contentBytesMax) {
    throw new Malformed('not-der', what(), `an identifier of ${content.length} bytes`, `1 to ${contentBytesMax}`);
  }
  let dotted = '';
  let arc = 0;
  let bytes = 0;
  for (const byte of content) {
    if ((bytes === 0 && byte === 0x80) || bytes === arcBytesMax) {
      throw new Malformed('not-der', what(), 'an arc that is padded or too long', 'the shortest form, 28 bits');
    }
    arc = arc * 128 + (byte & 0x7f);
    bytes += 1;
    if (byte < 0x80) {
      dotted = dotted === '' ? firstTwo(arc) : `${dotted}.${arc}`;
      arc = 0;
      bytes = 0;
    }
  }
  if (bytes > 0) throw new Malformed('truncated', what(), 'an arc without its last byte', 'whole arcs');
  return dotted;
};

const firstTwo = (arc: number): string => {
  const root = Math.min(2, Math.floor(arc / 40));
  return `${root}.${arc - root * 40}`;
};
