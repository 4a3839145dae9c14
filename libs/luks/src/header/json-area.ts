import type { Buffer } from 'node:buffer';
import { limits } from '../limits.ts';
import { isZero } from './is-zero.ts';
import { refuse } from './refuse.ts';

/**
 * The JSON of a header's area: one object, then zeros to its end. Only the one spelling is taken that cryptsetup and we
 * write, without spaces, escapes or a name twice, because two readers may differ about any other.
 */
export const readJsonArea = (area: Buffer): unknown => {
  const end = area.indexOf(0);
  const text = area.toString('latin1', 0, end === -1 ? area.length : end);
  if (end === -1 || !isZero(area.subarray(end))) {
    refuse('json-malformed', 'the end of the JSON area', 'something else', 'zeros after the JSON');
  }
  if (!/^\{[\x20-\x7e]*\}$/.test(text)) refuse('json-malformed', 'the JSON area', text, 'one JSON object in ASCII');
  const depth = depthOf(text);
  if (depth > limits.jsonDepthMax) {
    refuse('json-malformed', 'the depth of the JSON', depth, `at most ${limits.jsonDepthMax}`);
  }
  const value = parsed(text);
  if (JSON.stringify(value) !== text) {
    refuse('json-malformed', 'the JSON', 'spelled another way', 'its shortest spelling, each name once');
  }
  return value;
};

/** Counted before parsing, which recurses. Brackets inside strings do not count. */
const depthOf = (text: string): number => {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const one = text.charAt(index);
    if (inString && one === '\\') index += 1;
    else if (one === '"') inString = !inString;
    else if (!inString && (one === '{' || one === '[')) deepest = Math.max(deepest, ++depth);
    else if (!inString && (one === '}' || one === ']')) depth -= 1;
  }
  return deepest;
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return refuse('json-malformed', 'the JSON area', text, 'JSON');
  }
};
