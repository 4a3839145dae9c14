import { guestRefusals } from '../guest/refusals.ts';
import { imaRefusals } from '../ima/refusals.ts';
import { measureRefusals } from '../measure/refusals.ts';
import { snpRefusals } from '../snp/refusals.ts';
import { tpmRefusals } from '../tpm/refusals.ts';
import type { RefusalWords } from '../verdict.ts';
import { appraisalRefusals } from './refusals.ts';

/** The tables of all anchors. No code is in two of them. */
export const refusalTables: readonly Readonly<Record<string, RefusalWords>>[] = [
  ...[snpRefusals, measureRefusals, tpmRefusals, imaRefusals, appraisalRefusals, guestRefusals],
];

const all: ReadonlyMap<string, RefusalWords> = new Map(refusalTables.flatMap((table) => Object.entries(table)));

/** Every code that has words. */
export const refusalCodes: readonly string[] = [...all.keys()].sort();

/** What to tell a person about a refusal. A code of another release says that it is one, and promises nothing. */
export const explainRefusal = (code: string): RefusalWords =>
  all.get(code) ?? {
    title: `A refusal this program does not know (${code})`,
    fix: 'Use the release of the verifier that gave it, which has the words.',
    doesNotProve: 'Anything: its meaning is not known here.',
  };
