/** Times out of certificates are of the years 0 to 9999: DER has no others. */
export const sayTime = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

/** From when to when something holds, for a line on a screen. */
export const sayWindow = (fromMs: number, toMs: number | null): string =>
  `${sayTime(fromMs)} to ${toMs === null ? 'no end' : sayTime(toMs)}`;
