import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Release } from '#sealing';
import { Stop } from '../stop.ts';
import { writeDurably } from './durable-file.ts';
import { limits } from './limits.ts';
import { readIfThere } from './read-if-there.ts';

/** What a signed release says of the openings of a volume: the last that was confirmed, and the number of this one. */
export type CountTerms = Pick<Release, 'mode' | 'minCounter' | 'counter'>;

/** This opening of a volume, as the network is told of it; whether it is the volume that was confirmed last, and the number is
 *  on its disk. */
export type Opening = { readonly counter: number; readonly isLatest: boolean };

/** Numbers this opening of the volume, and promises that the number is on its disk before it is told to anybody: whoever
 *  brings back an older disk brings back an older number. A disk that is older already keeps its number, however often it
 *  is opened, until its owner allows it ({@link writeCounter}). Stops with `counter-malformed`. */
export const countBoot = (root: string, terms: CountTerms): Opening => {
  const opening = openingOf(parseCounter(readIfThere(counterIn(root))), terms);
  if (opening.isLatest) writeCounter(root, opening.counter);
  return opening;
};

/** Puts the number of an opening into the volume, durably. */
export const writeCounter = (root: string, counter: number): void => {
  mkdirSync(dirname(counterIn(root)), { recursive: true });
  writeDurably(counterIn(root), `${counter}\n`, 0o600);
};

/** The opening of a volume whose last one had this number. Its own number is the one that came with the key, which no other
 *  opening has; of a volume that was opened by none since the confirmed one, or by one that is yet to come, it is what it
 *  would have counted, which the network never takes for that. A volume that was just made has none before. Pure.
 *  Source: ADR-0049. */
export const openingOf = (last: number, { mode, minCounter, counter }: CountTerms): Opening => {
  const isLatest = mode === 'format' || (last >= minCounter && (counter === undefined || last < counter));
  return { counter: isLatest && counter !== undefined ? counter : last + 1, isLatest };
};

/** The number in a counter file, 0 of none. Stops with `counter-malformed`. Pure. */
export const parseCounter = (bytes: Uint8Array | null): number => {
  if (bytes === null) return 0;
  const text = Buffer.from(bytes.subarray(0, limits.counterBytes + 1)).toString('latin1');
  if (/^(?:0|[1-9][0-9]{0,14})\n$/.test(text)) return Number(text);
  throw new Stop(
    'counter-malformed',
    `the volume's boot counter is ${JSON.stringify(text)}, wanted a number and a line feed`,
  );
};

const counterIn = (root: string): string => join(root, 'var/lib/hcc/boot-counter');
