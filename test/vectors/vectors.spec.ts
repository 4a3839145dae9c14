import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
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
