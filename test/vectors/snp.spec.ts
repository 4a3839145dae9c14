import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rootForSpecs } from '../../libs/simulated-processor/src/root.fixture.ts';
import { evidenceAtMs, makeSnpEvidence, type SnpBench } from '../attestation/snp-evidence.ts';
import { judges } from './judges.ts';
import { runVectors } from './run.ts';
import { judgeSnp } from './snp.ts';

let dir: string;
let bench: SnpBench;
const verifyAt = new Date(evidenceAtMs).toISOString();

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hcc-snp-'));
  bench = await makeSnpEvidence(await rootForSpecs());
  const { report, vek, crl } = bench.evidence;
  // SMT not allowed, and the firmware's own ABI demanded: what the strict policy accepts.
  const strict = bench.report({ policy: 0x2_0138n });
  const files = { report, strict, vek, crl: crl ?? new Uint8Array(), ask: bench.root.ask, ark: bench.root.ark };
  await Promise.all(Object.entries(files).map(([name, bytes]) => writeFile(join(dir, name), bytes)));
}, 120_000);

afterAll(() => rm(dir, { recursive: true, force: true }));

const row = (change: Record<string, unknown> = {}) => ({
  ...{ id: 'own', origin: 'generated, TEST PKI (trust root = ark)', report: 'report', vek: 'vek', product: 'milan' },
  ...{ issuer: 'ask', root: 'ark', crl: 'crl', verify_at: verifyAt, expect: { verdict: 'valid' } },
  ...change,
});

describe('rows of SNP manifests never seen before', () => {
  test('given whole evidence under its own root, then it is valid whatever the row expects', async () => {
    expect(await judgeSnp(dir, row())).toMatchObject({ got: 'valid', disagreements: [] });
    expect(await judgeSnp(dir, row({ expect: { verdict: 'invalid' } }))).toMatchObject({ got: 'valid' });
  });

  test('given the strict policy, then it accepts what keeps to it, and rejects the rest', async () => {
    expect(await judgeSnp(dir, row({ report: 'strict' }))).toMatchObject({ got: 'valid', policyVerdict: 'accept' });
    const judged = await judgeSnp(dir, row());
    expect(judged.policyVerdict).toBe('reject');
    expect(judged.reason).toMatch(/finds snp-policy-abi, snp-policy-smt$/);
  });

  test('given a real origin, then the root it brings is not trusted', async () => {
    for (const origin of ['real', 'real (trust root = ark)', 'something else']) {
      expect(await judgeSnp(dir, row({ origin }))).toMatchObject({ got: 'invalid' });
    }
  });

  test('given facts that are not in the bytes, then the row differs', async () => {
    const facts = { vmpl: 1, host_data: '02'.repeat(32), colour: 'blue' };
    const expected = { verdict: 'valid', report_signature: false, hwid_equals_vek: true };
    const { disagreements } = await judgeSnp(dir, row({ facts, vek_kind: 'VLEK', expect: expected }));
    expect(disagreements).toEqual([
      'report_signature is true',
      'fact vmpl is 0',
      'vek_kind: the certificate is a VCEK',
    ]);
  });

  test('given a file that is not there, then the case fails and is no "invalid"', async () => {
    const cases = [row({ id: 'file', report: 'absent', expect: { verdict: 'invalid' } })];
    await writeFile(join(dir, 'manifest.json'), JSON.stringify({ kind: 'snp', cases }));
    expect(await runVectors([dir], judges)).toMatchObject({ ok: false, cases: [{ got: 'unreadable' }] });
  });
});
