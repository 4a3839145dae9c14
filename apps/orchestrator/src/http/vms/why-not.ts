import { z } from 'zod';
import { type Explained, explainPlacement, type MinerId, placementCandidate, type Size } from '#domain';
import { minerId, size } from '#events';
import { listRowsMax } from '../../projections/limits.ts';
import type { MinerRow } from '../../projections/miners.projection.ts';
import type { Cursor, Rows } from '../../projections/rows.ts';
import { whyNotMinersMax } from '../limits.ts';

const evidence = z.strictObject({
  minerId,
  name: z.string().nullable().describe('Told to operators and viewers'),
  fits: z.boolean(),
  code: z.string().nullable(),
  text: z.string(),
});

/** The answer first, the evidence below. */
export const whyNotAnswer = z
  .strictObject({
    ok: z.boolean().describe('Whether it is as wanted: the VM runs, or the request would be accepted'),
    code: z.string().describe('ok, or the reason in one stable word'),
    answer: z.string(),
    size,
    counts: z.record(z.string(), z.int()).describe('Miners by reason; fits: those that could take it now'),
    miners: z.array(evidence).describe('Those that fit first; at most 100'),
    position: z.string().nullable().describe('What the answer rests on: the log up to here, as the read model has it'),
  })
  .meta({ id: 'WhyNot' });

export type PlacementEvidence = {
  readonly counts: Record<string, number>;
  readonly miners: z.input<typeof evidence>[];
  readonly of: ReadonlyMap<MinerId, Explained>;
};

/** What placement would say of every miner now, as the read model has them. Owners are told ids and reasons, no names and no room. */
export const placementEvidence = (rows: Rows, wanted: Size, isInsider: boolean): PlacementEvidence => {
  const known = new Map(allMiners(rows).map(({ miner }) => [miner.minerId, miner]));
  const explained = explainPlacement(wanted, [...known.values()].map(placementCandidate));
  const counts: Record<string, number> = {};
  for (const { code } of explained) counts[code ?? 'fits'] = (counts[code ?? 'fits'] ?? 0) + 1;
  const miners = explained.slice(0, whyNotMinersMax).map(({ minerId: id, code, text }) => ({
    minerId: id,
    name: isInsider ? (known.get(id)?.name ?? null) : null,
    fits: code === null,
    code,
    text: isInsider || code === null ? text : `lacks: ${code}`,
  }));
  return { counts, miners, of: new Map(explained.map((each) => [each.minerId, each])) };
};

const allMiners = (rows: Rows): readonly MinerRow[] => {
  const all: MinerRow[] = [];
  for (let after: Cursor | null = null; ; ) {
    const page = rows.miners({}, { after, limit: listRowsMax });
    all.push(...page.rows);
    if (page.next === null) return all;
    after = page.next;
  }
};

/** `2 fit, 1 lost, 3 memory`: the counts as a sentence's part. */
export const countsText = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([code, count]) => `${count} ${code === 'fits' && count !== 1 ? 'fit' : code}`)
    .join(', ') || 'there is no miner';
