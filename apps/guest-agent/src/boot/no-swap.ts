import { join } from 'node:path';
import { Stop } from '../stop.ts';
import { readIfThere } from './read-if-there.ts';

/** Promises that no page of this machine, and so no key in one, is written to a disk: `proc` is its /proc. A kernel without
 *  swap has no list of it. Stops with `swap-on`, naming what is on. */
export const demandNoSwap = (proc: string): void => {
  const text = readIfThere(join(proc, 'swaps'))?.toString('utf8') ?? '';
  const [on] = text.split('\n').slice(1);
  if (on === undefined || on === '') return;
  throw new Stop('swap-on', `memory is swapped to ${on.split(/\s/)[0]}, where a key could be read: wanted no swap`);
};
