const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const SEXTETS: ReadonlyMap<string, number> = new Map([...ALPHABET].map((character, sextet) => [character, sextet]));

/**
 * The bytes of canonical, padded base64 (RFC 4648, section 4); `null` for any other text: white space, the URL alphabet,
 * missing padding, or unused bits that are not zero. So one byte string has one text, and equal keys compare equal.
 * The caller bounds the text.
 */
export const decodeBase64 = (text: string): Uint8Array | null => {
  if (text.length === 0 || text.length % 4 !== 0) return null;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let written = 0;
  let bits = 0;
  let bitCount = 0;
  for (let index = 0; index < text.length - padding; index += 1) {
    const sextet = SEXTETS.get(text.charAt(index));
    if (sextet === undefined) return null;
    bits = ((bits << 6) | sextet) & 0xffff;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      bytes[written] = (bits >> bitCount) & 0xff;
      written += 1;
    }
  }
  const unusedBits = bits & ((1 << bitCount) - 1);
  return unusedBits === 0 ? bytes : null;
};
