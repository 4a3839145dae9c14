import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readManifest } from './case.ts';
import { judges } from './judges.ts';
import { runVectors } from './run.ts';

const vectors = join(process.env.HCC_SHARED ?? join('..', 'shared'), 'vectors');

describe.each([
  ['snp', 55],
  ['tpm', 51],
  ['ima', 20],
  ['measure', 20],
])('vectors of %s', (kind, casesMin) => {
  const dir = join(vectors, kind);
  test.skipIf(!existsSync(dir))(`${dir}: every case agrees`, async () => {
    const { cases } = await runVectors([dir], judges);
    expect(cases.filter(({ ok }) => !ok)).toEqual([]);
    expect(cases.length).toBeGreaterThanOrEqual(casesMin);
  });
});

/** What a policy's reason is about, in the words of the manifest. */
const about: readonly (readonly [RegExp, string])[] = [
  [/allows DEBUG|forbids DEBUG/, 'snp-policy-debug'],
  [/forbids MIGRATE_MA/, 'snp-policy-migrate-ma'],
  [/forbids SMT/, 'snp-policy-smt'],
  [/policy ABI/, 'snp-policy-abi'],
  [/wants VMPL/, 'snp-vmpl-max'],
  [/provisional firmware/, 'snp-provisional-firmware'],
  [/launch floor/, 'snp-launch-tcb-floor'],
  [/MASK_CHIP_KEY/, 'snp-masked-chip'],
  [/CRL nextUpdate/, 'snp-revocation-list'],
];

test.skipIf(!existsSync(join(vectors, 'snp')))(
  'vectors of snp: what the policy rejects is rejected for what the row is about',
  async () => {
    const rows = (await readManifest(join(vectors, 'snp')))?.cases ?? [];
    const { cases } = await runVectors([join(vectors, 'snp')], judges);
    const rejected = rows.flatMap(({ id, expect: said }) =>
      said?.policy_verdict === 'reject' && said.verdict === 'valid' ? [{ id, why: String(said.reason) }] : [],
    );
    const named = rejected.map(({ id, why }) => ({ id, code: about.find(([words]) => words.test(why))?.[1] }));
    const missed = named.filter(({ id, code = 'a reason nobody here knows' }) => {
      const { reason = '' } = cases.find((one) => one.id === id) ?? {};
      return !(reason.split(' the strict policy finds ')[1] ?? '').split(/[,;\s]+/).includes(code);
    });
    expect(missed).toEqual([]);
    expect(new Set(named.map(({ code }) => code)).size).toBe(about.length);
  },
);
