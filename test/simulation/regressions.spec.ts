import { describe, expect, test } from 'vitest';
import { readOptions } from './command-line.ts';
import { simulate } from './simulate.ts';

/** Runs that once broke something, by what it was. The steps are those that their seeds drew then or shrank to. */
const found: readonly (readonly [string, string])[] = [
  [
    'an older build did not know a VM and gave its hold back while it ran',
    '--seed 2 --sealed 0 --without crash --moving 0',
  ],
  ['an older build took a VM it did not know for gone when its hold came', '--seed 14 --sealed 0 --moving 0'],
  ['replicas that shared one parked stream forgot what each had missed', '--seed 38 --sealed 0 --moving 0'],
  ['a replica took what another had handled for handled by itself', '--seed 150 --sealed 0 --moving 0'],
  ['an older build passed over what it could not decide, for good', '--seed 236 --sealed 0 --moving 0'],
  ['a replica that ended while it could not catch up never did', '--seed 42 --sealed 0 --moving 0'],
  ['a boot that was over before it was settled was parked for good', '--seed 12 --moving 0'],
  ['a guest that its owner stopped was told to stop itself, and its VM had failed', '--seed 39 --moving 0'],
  ['a host that had heard of no other VM was taken for one that had no guest', '--seed 90110 --moving 0'],
  ['a clock that was seconds behind refused every boot for good', '--seed 66 --moving 0'],
  ['a VM that was on its way down, and was said to run, was started without a boot and stayed down', '--seed 5165'],
  ['a request of an older boot that its host had held back was taken for a failure of ours', '--seed 5183'],
  [
    'a host that had read the end of a VM it never had started it from an older spec that came late',
    '--seed 5617 --sealed 100 --moving 80',
  ],
  [
    'what a replaced process said it had handled was taken for handled as far as the next one began',
    '--seed 6186 --sealed 100 --moving 80',
  ],
  ['a guest whose miner said that it had ended, and that asked for its key, was taken for our failure', '--seed 5652'],
  ['an older build settled a command that it owed over a past that it could not read', '--seed 5206'],
  ['a replica stood still with a spec in its hand for a whole life, and put it back after the purge', '--seed 5121'],
  ['a resize was decided over a hold that another had taken the place of, and its VM had two', '--seed 20407'],
  [
    'an older build passed over what a miner had answered to the resize of a VM that it could not read',
    '--seed 30247 --sealed 100 --moving 80',
  ],
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
