import { Malformed } from '../malformed.ts';

/** Bytes of one arc: more than four hold no number that any standard uses. */
const arcBytesMax = 4;
const contentBytesMax = 64;

/** What the certificates of processors are full of: found by their bytes, they need not be spelled out each time. */
const common: readonly string[] = [
  ...['2.5.4.3', '2.5.4.6', '2.5.4.7', '2.5.4.8', '2.5.4.10', '2.5.4.11'],
  ...['2.5.29.14', '2.5.29.15', '2.5.29.19', '2.5.29.20', '2.5.29.35'],
  ...['1.2.840.113549.1.1.1', '1.2.840.113549.1.1.8', '1.2.840.113549.1.1.10', '2.16.840.1.101.3.4.2.2'],
  ...['1.2.840.10045.2.1', '1.3.132.0.34'],
  ...[1, 2, 4, 5].map((n) => `1.3.6.1.4.1.3704.1.${n}`),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `1.3.6.1.4.1.3704.1.3.${n}`),
];

/** The dotted form of an object identifier that is common; undefined for all others, which are to be read. */
export const knownObjectIdentifier = (bytes: Uint8Array, from: number, to: number): string | undefined => {
  const found = known.get(keyOf(bytes, from, to));
  if (found === undefined || found.content.length !== to - from) return undefined;
  for (let n = 0; n < found.content.length; n += 1) if (found.content[n] !== bytes[from + n]) return undefined;
  return found.dotted;
};

/** Where a common one may be: whether it is there, its bytes say. */
const keyOf = (bytes: Uint8Array, from: number, to: number): number => {
  let key = 0;
  for (let at = from; at < to; at += 1) key = (Math.imul(key, 31) + (bytes[at] ?? 0)) | 0;
  return key;
};

const encoded = (dotted: string): Uint8Array => {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number);
  return Uint8Array.from([first * 40 + second, ...others].flatMap(arcBytes));
};

const arcBytes = (arc: number): readonly number[] => {
  const bytes = [arc & 0x7f];
  for (let rest = arc >> 7; rest > 0; rest >>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
};

const known: ReadonlyMap<number, { readonly dotted: string; readonly content: Uint8Array }> = new Map(
  common.map((dotted) => {
    const content = encoded(dotted);
    return [keyOf(content, 0, content.length), { dotted, content }];
  }),
);

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
