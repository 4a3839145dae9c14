import type { Check } from '../verdict.ts';

/** What a verifier says of a group of claims (EAR): nothing, good, good with a but, or bad. */
export type Tier = 'none' | 'affirming' | 'warning' | 'contraindicated';

/** What is judged by itself. `identity` is who speaks, to whom, and which devices are theirs. */
export const evidenceGroups = ['hardware', 'launch', 'tpm', 'ima', 'identity'] as const;
export type EvidenceGroup = (typeof evidenceGroups)[number];

export type GroupTiers = Readonly<Record<EvidenceGroup, Tier>>;

/** The tier a group's checks come to. One that passed nothing says nothing. `warnings` are codes that only warn when they fail. */
export const tierOf = (checks: readonly Check[], warnings: ReadonlySet<string>): Tier => {
  const failed = checks.filter(({ outcome }) => outcome === 'failed');
  if (failed.some(({ code }) => !warnings.has(code))) return 'contraindicated';
  if (failed.length > 0) return 'warning';
  return checks.some(({ outcome }) => outcome === 'passed') ? 'affirming' : 'none';
};

/**
 * The worst of the groups. A required group of which nothing can be said counts as contraindicated: otherwise whoever has bad
 * evidence would do better without it. One that is not required and not there says nothing.
 */
export const overallTier = (groups: GroupTiers, required: ReadonlySet<EvidenceGroup>): Tier => {
  const tiers = evidenceGroups.map((group) =>
    groups[group] === 'none' && required.has(group) ? 'contraindicated' : groups[group],
  );
  return worstFirst.find((tier) => tiers.includes(tier)) ?? 'none';
};

const worstFirst: readonly Tier[] = ['contraindicated', 'warning', 'affirming', 'none'];
