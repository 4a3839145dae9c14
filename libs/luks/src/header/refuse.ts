import { limits } from '../limits.ts';
import { type HeaderRefusalCode, LuksError } from '../luks-error.ts';

/** A header refused. Thrown inside the reader only: `parseLuks2Header` answers with it. */
export class HeaderRefused extends LuksError<HeaderRefusalCode> {}

/** Refuses, with what stands there. */
export function refuse(code: HeaderRefusalCode, what: string, observed: unknown, wanted: string): never {
  const seen = shown(observed);
  throw new HeaderRefused(code, `${what} is ${seen}, not ${wanted}`, seen, wanted);
}

const shown = (observed: unknown): string => {
  const text = typeof observed === 'string' ? observed : (JSON.stringify(observed) ?? 'absent');
  // Written by whoever made the file: nothing of it may move a cursor.
  const safe = text.slice(0, limits.observedCharsMax).replace(/[^\x20-\x7e]/g, '?');
  return text.length > limits.observedCharsMax ? `${safe}…` : safe;
};
