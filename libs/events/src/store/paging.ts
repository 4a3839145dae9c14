import { readPageEventsMax } from '../limits.ts';

/** Events of a page, from what the caller asked for: at most {@link readPageEventsMax}. Throws RangeError below 1. */
export const pageEvents = (limit: number = readPageEventsMax): number => {
  if (Number.isInteger(limit) && limit >= 1) return Math.min(limit, readPageEventsMax);
  throw new RangeError(`a page has 1 to ${readPageEventsMax} events, not ${limit}`);
};

/** The revision a read of a stream starts at. Throws RangeError below 0. */
export const startRevision = (from = 0n): number => {
  if (from >= 0n) return Number(from);
  throw new RangeError(`a stream is read from revision 0 on, not ${from}`);
};
