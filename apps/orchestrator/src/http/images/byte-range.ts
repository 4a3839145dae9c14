/** The bytes of a file that a Range header asks for, both ends included: all of them without one, and for what is no single
 *  range of bytes (RFC 9110 lets a server pass over those). `null` when none of them are in the file. Pure. */
export const rangeFrom = (
  range: string | undefined,
  bytes: number,
): { readonly start: number; readonly end: number } | null => {
  const all = { start: 0, end: bytes - 1 };
  const [, first, last] = /^bytes=([0-9]{0,15})-([0-9]{0,15})$/.exec(range ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return all;
  if (first === '') return Number(last) === 0 ? null : { start: Math.max(0, bytes - Number(last)), end: bytes - 1 };
  const start = Number(first);
  if (start >= bytes) return null;
  const end = last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1);
  return end < start ? all : { start, end };
};
