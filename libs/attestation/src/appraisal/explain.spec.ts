import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { explainRefusal, refusalCodes, refusalTables } from './explain.ts';

const root = join(import.meta.dirname, '..');

/** Names that look like codes of refusals and are none: kinds, templates, a prefix, and what is only ever unchecked. */
const names: ReadonlySet<string> = new Set([
  ...['ima-ng', 'ima-sig', 'ima-buf', 'ima-list', 'tpm-quote', 'tpm-certificate', 'tpm-key', 'snp-id-block'],
  ...['snp-policy-', 'tpm-cert-revocation'],
]);

const literals = globSync('**/*.ts', { cwd: root })
  .filter((file) => !/\.(spec|fixture)\.ts$/.test(file))
  .flatMap((file) => [
    ...readFileSync(join(root, file), 'utf8').matchAll(
      /(?<!from )['"`]((?:snp|tpm|ima|measure|hardware|launch|identity|evidence|chip)-[a-z][a-z\d-]*)['"`]/g,
    ),
  ])
  .flatMap(([, code]) => (code === undefined || names.has(code) ? [] : [code]));

describe('the words of refusals', () => {
  test('are there for every code that any verifier names', () => {
    expect(new Set(literals).size).toBeGreaterThan(80);
    expect([...new Set(literals)].filter((code) => !refusalCodes.includes(code))).toEqual([]);
  });

  test('are in one table each', () => {
    expect(refusalTables.flatMap((table) => Object.keys(table)).sort()).toEqual([...refusalCodes]);
  });

  test('say what happened, what to do and what not to conclude', () => {
    for (const code of refusalCodes) {
      const { title, fix, doesNotProve } = explainRefusal(code);
      expect(
        [title, fix, doesNotProve].every((text) => text.length > 8),
        code,
      ).toBe(true);
    }
  });

  test('given a code of another release, then it is said to be unknown', () => {
    expect(explainRefusal('snp-of-tomorrow').title).toContain('snp-of-tomorrow');
    expect(explainRefusal('constructor').title).toContain('constructor');
  });
});
