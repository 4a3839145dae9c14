import { z } from 'zod';
import { hostChecks, instant, minerId } from '#events';
import type { MinerRow } from '../../projections/miners.projection.ts';
import { asOf } from '../schemas/moments.ts';
import { type StaleView, staleAnswer } from './stale.view.ts';

export const hostChecksAnswer = z
  .strictObject({
    minerId,
    name: z.string(),
    checkedAt: instant.nullable().describe('When a status last changed; observed values are of that moment'),
    checks: hostChecks.nullable().describe("The agent's own words; null before it has said"),
    stale: staleAnswer.nullable(),
    asOf: asOf.optional(),
  })
  .meta({ id: 'HostChecks' });

/** What a miner's host was checked for, as its agent found it. */
export const hostChecksView = ({ miner, checkedAt }: MinerRow, stale: StaleView): z.input<typeof hostChecksAnswer> => ({
  minerId: miner.minerId,
  name: miner.name,
  checkedAt,
  checks: miner.hostChecks,
  stale,
});
