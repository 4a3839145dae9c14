import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { judges } from './judges.ts';
import { runVectors } from './run.ts';

const dir = join(resolve(process.env.HCC_SHARED ?? '../shared'), 'vectors/ima');
const isThere = (await stat(join(dir, 'manifest.json')).catch(() => null)) !== null;

describe.skipIf(!isThere)('the IMA vectors (skipped where ../shared/vectors/ima is absent)', () => {
  test('given lists of real and emulated machines, and their quotes / when each is judged / then all agree with their rows', async () => {
    const { cases } = await runVectors([dir], judges);
    expect(cases.filter(({ ok }) => !ok)).toEqual([]);
    expect(cases.length).toBeGreaterThanOrEqual(20);
  });
});
