import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openHost } from './host.fixture.ts';
import { type EvidenceGroup, evidenceGroups, type GroupTiers, overallTier, type Tier, tierOf } from './tier.ts';

const tiers: readonly Tier[] = ['none', 'affirming', 'warning', 'contraindicated'];
const tier = fc.constantFrom(...tiers);
const groups: fc.Arbitrary<GroupTiers> = fc.record({
  hardware: tier,
  launch: tier,
  tpm: tier,
  ima: tier,
  identity: tier,
});
const required = fc.subarray([...evidenceGroups]).map((list): ReadonlySet<EvidenceGroup> => new Set(list));
/** How good: whoever relies on a tier takes `affirming` only, and acts on `contraindicated`. */
const rank = (one: Tier): number => ({ contraindicated: 0, none: 1, warning: 2, affirming: 3 })[one];

describe('the overall tier', () => {
  test('is affirming only where every required group is, and none is worse', () => {
    fc.assert(
      fc.property(groups, required, (of, needed) => {
        if (overallTier(of, needed) !== 'affirming') return;
        for (const group of needed) expect(of[group]).toBe('affirming');
        expect(Object.values(of)).not.toContain('contraindicated');
        expect(Object.values(of)).not.toContain('warning');
      }),
    );
  });

  test('is never raised by taking a required piece away', () => {
    fc.assert(
      fc.property(groups, required, fc.constantFrom(...evidenceGroups), (of, needed, group) => {
        fc.pre(needed.has(group));
        const without = overallTier({ ...of, [group]: 'none' }, needed);
        expect(rank(without)).toBeLessThanOrEqual(rank(overallTier(of, needed)));
      }),
    );
  });

  test('is never raised by requiring more, nor by one group that becomes worse', () => {
    fc.assert(
      fc.property(groups, required, fc.constantFrom(...evidenceGroups), (of, needed, group) => {
        const before = overallTier(of, needed);
        expect(rank(overallTier(of, new Set([...needed, group])))).toBeLessThanOrEqual(rank(before));
        expect(overallTier({ ...of, [group]: 'contraindicated' }, needed)).toBe('contraindicated');
      }),
    );
  });

  test('says nothing where nothing is said and nothing is required', () => {
    const nothing = { hardware: 'none', launch: 'none', tpm: 'none', ima: 'none', identity: 'none' } as const;
    expect(overallTier(nothing, new Set())).toBe('none');
    expect(overallTier({ ...nothing, identity: 'affirming' }, new Set(['identity']))).toBe('affirming');
  });
});

test('a group without a check that passed is never affirming', () => {
  const one = { code: 'x', observed: '', wanted: '' };
  expect(tierOf([], new Set())).toBe('none');
  expect(tierOf([{ ...one, outcome: 'unchecked' }], new Set())).toBe('none');
  expect(tierOf([{ ...one, outcome: 'passed' }], new Set())).toBe('affirming');
  expect(
    tierOf(
      [
        { ...one, outcome: 'passed' },
        { ...one, outcome: 'failed' },
      ],
      new Set(['x']),
    ),
  ).toBe('warning');
  expect(
    tierOf(
      [
        { ...one, outcome: 'failed' },
        { ...one, code: 'y', outcome: 'failed' },
      ],
      new Set(['x']),
    ),
  ).toBe('contraindicated');
});

describe('a part that is missing', () => {
  const parts = ['snp', 'tpm', 'ima'] as const;

  test('is refused where it is required, however many are missing, and the tier is never better', async () => {
    const host = await openHost();
    for (const missing of [['snp'], ['tpm'], ['ima'], ['tpm', 'ima'], [...parts]] as const) {
      const without = Object.fromEntries(missing.map((part) => [part, null]));
      const { appraisal } = host.judge(host.round({ change: (document) => ({ ...document, ...without }) }));
      expect(appraisal.tier).toBe('contraindicated');
      const groupOf = { snp: 'hardware', tpm: 'tpm', ima: 'ima' } as const;
      for (const part of missing) {
        expect(appraisal.groups[groupOf[part]]).toBe('none');
        expect(appraisal.refusals.map(({ code }) => code)).toContain(`${groupOf[part]}-missing`);
      }
    }
  });

  test('says so where it is not required, and the report has to bind its absence', async () => {
    const host = await openHost();
    const policy = { ...host.policy, requiredGroups: ['hardware', 'launch', 'identity'] as EvidenceGroup[] };
    const cut = host.round({ change: (document) => ({ ...document, tpm: null, ima: null }) });
    const { appraisal } = host.judge(cut, {}, policy);
    expect(appraisal.groups).toMatchObject({ tpm: 'none', ima: 'none' });
    expect(appraisal.checks.tpm).toEqual([
      expect.objectContaining({ code: 'tpm-missing', outcome: 'unchecked', wanted: 'not required by the policy' }),
    ]);
    expect(appraisal.refusals.map(({ code }) => code)).toEqual(['identity-binding']);
  });
});
