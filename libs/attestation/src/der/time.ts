const zulu = 0x5a;

/**
 * RFC 5280's two forms, to the second and in UTC; in milliseconds since 1970. Years of two digits are 1950 to 2049. `null` for
 * bytes that are not that, and for a day that is in no calendar.
 */
export const readTime = (bytes: Uint8Array, from: number, to: number, generalized: boolean): number | null => {
  const last = to - 1;
  if (last - from !== (generalized ? 14 : 12) || bytes[last] !== zulu) return null;
  for (let at = from; at < last; at += 1) if (!isDigit(bytes[at] ?? 0)) return null;
  const short = pair(bytes, last - 12);
  const year = generalized ? pair(bytes, from) * 100 + short : short + (short < 50 ? 2000 : 1900);
  const month = pair(bytes, last - 10);
  const day = pair(bytes, last - 8);
  const hour = pair(bytes, last - 6);
  const minute = pair(bytes, last - 4);
  const second = pair(bytes, last - 2);
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return null;
  // A calendar rolls the 31st of June over to July; a certificate may not.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCDate() !== day || date.getUTCMonth() !== month - 1) return null;
  return date.getTime() + ((hour * 60 + minute) * 60 + second) * 1_000;
};

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

const pair = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) - 0x30) * 10 + (bytes[at + 1] ?? 0) - 0x30;
