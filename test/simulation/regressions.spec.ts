import { describe, expect, test } from 'vitest';
import { readOptions } from './command-line.ts';
import { simulate } from './simulate.ts';

/** Runs that once broke something, by what it was. The steps are those that their seeds drew then or shrank to. */
const found: readonly (readonly [string, string])[] = [
  ['an older build did not know a VM and gave its hold back while it ran', '--seed 2 --without crash'],
  ['an older build took a VM it did not know for gone when its hold came', '--seed 14'],
  ['replicas that shared one parked stream forgot what each had missed', '--seed 38'],
  ['a replica took what another had handled for handled by itself', '--seed 150'],
  ['an older build passed over what it could not decide, for good', '--seed 236'],
  ['a replica that ended while it could not catch up never did', '--seed 42'],
];

const patienceMs = 120_000;

describe('what a seed has found stays mended', () => {
  test.each(found)(
    '%s',
    async (_, options) => {
      const { first, planOf } = readOptions(options.split(' '));
      expect((await simulate(planOf(first))).violations).toEqual([]);
    },
    patienceMs,
  );
});
