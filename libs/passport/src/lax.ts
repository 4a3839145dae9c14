import { defaultSnpPolicy, type GuestBootPolicy } from '#attestation';
import type { NetworkKind } from '#domain';
import { type PassportCheck, unchecked } from './check.ts';
import type { Kept } from './kept.ts';

/** What each policy of a passport does not look at though the strict one does: affirming says nothing of that. */
export const laxChecks = ({ policies }: Kept, kind: NetworkKind): readonly PassportCheck[] =>
  [...policies].flatMap(([version, { policy }]) => {
    const names = looksAwayFrom(policy, kind);
    if (names.length === 0) return [];
    const detail = `verdicts under it say nothing of: ${names.join(', ')}`;
    return [unchecked('policy-lax', `policy guest-boot version ${version}`, detail)];
  });

const looksAwayFrom = ({ snp, allowClassical }: GuestBootPolicy, kind: NetworkKind): readonly string[] => {
  const asked = Object.entries(defaultSnpPolicy).filter(
    ([name]) => !apart.has(name) && !(name === 'simulatedRoot' && kind === 'simulated'),
  );
  const given = new Map<string, unknown>(Object.entries(snp));
  const names = asked.flatMap(([name, wanted]) => away(name, wanted, given.get(name)));
  return [...names, ...(allowClassical ? ['keys that a quantum computer opens'] : [])];
};

/** Told by itself. */
const apart: ReadonlySet<string> = new Set(['version', 'revocationList']);

/** A member, or where it has a value for each product those of its products, that is asked by the strict policy and not by this one. */
const away = (name: string, wanted: unknown, given: unknown): readonly string[] => {
  if (wanted === 'unchecked') return [];
  if (given === 'unchecked') return [name];
  if (!isMembers(wanted) || !isMembers(given)) return [];
  return Object.keys(wanted).flatMap((product) => (given[product] === 'unchecked' ? [`${name} of ${product}`] : []));
};

const isMembers = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
