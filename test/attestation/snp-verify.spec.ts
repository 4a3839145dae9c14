import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  createCertificateVerdicts,
  defaultSnpPolicy,
  type SnpEvidence,
  type SnpReferences,
  simulatedSnpPolicy,
  snpPolicyChecks,
  snpPolicySchema,
  snpRefusals,
  verifySnp,
} from '#attestation';
import { rootForSpecs } from '../../libs/simulated-processor/src/root.fixture.ts';
import { evidenceAtMs, makeSnpEvidence, type SnpBench } from './snp-evidence.ts';

let bench: SnpBench;
beforeAll(async () => {
  bench = await makeSnpEvidence(await rootForSpecs());
}, 120_000);

const verify = (change: Partial<SnpEvidence> = {}, atMs = evidenceAtMs) =>
  verifySnp({ ...bench.evidence, ...change }, { roots: bench.roots, atMs });

const refusedFor = (change: Partial<SnpEvidence>, atMs?: number): readonly string[] => {
  const verified = verify(change, atMs);
  return verified.ok ? [] : verified.refusals.map(({ code }) => code);
};

const flipped = (bytes: Uint8Array, at: number, bit: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ (1 << bit);
  return copy;
};

const unasked: SnpReferences = { measurementsHex: 'unchecked', hostDataHex: 'unchecked', reportDataHex: 'unchecked' };

const policyFaults = (report: Uint8Array, policy = simulatedSnpPolicy, references = unasked): readonly string[] => {
  const verified = verify({ report });
  if (!verified.ok) throw new Error(`refused: ${JSON.stringify(verified.refusals)}`);
  return snpPolicyChecks(verified.claims, policy, references).flatMap(({ code, outcome }) =>
    outcome === 'failed' ? [code] : [],
  );
};

describe('SNP evidence of our own network', () => {
  test('given whole evidence, then its claims say what was signed, and that it is simulated', () => {
    const verified = verify();
    expect(verified).toMatchObject({
      ok: true,
      claims: {
        ...{ product: 'milan', simulated: true, rootName: 'a simulated network', revocation: 'fresh' },
        ...{ measurementHex: '03'.repeat(48), hostDataHex: '02'.repeat(32), chipIdBound: true, vekKind: 'vcek' },
      },
    });
    expect(verified.checks.map(({ code }) => code).filter((code) => !(code in snpRefusals))).toEqual([]);
  });

  test('given no root, another root or one that came with the evidence, then nothing is trusted', async () => {
    const other = await makeSnpEvidence();
    const verified = verifySnp(other.evidence, { roots: bench.roots, atMs: evidenceAtMs });
    expect(verified.ok ? [] : verified.refusals.map(({ code }) => code)).toContain('snp-root-pinned');
    expect(verifySnp(bench.evidence, { roots: [], atMs: evidenceAtMs }).ok).toBe(false);
  }, 120_000);

  test('given a chain without its root certificate, then the given key is enough', () => {
    expect(verify({ chain: [bench.root.ask] }).ok).toBe(true);
    expect(refusedFor({ chain: [bench.root.ark] })).toEqual(['snp-vek-issuer', 'snp-vek-signature']);
  });

  test('given a list that revokes the issuer, is old, or is absent, then it is refused, stale, or left to the policy', () => {
    expect(refusedFor({ crl: bench.revoking })).toEqual(['snp-not-revoked']);
    expect(verify({}, evidenceAtMs + 90 * 86_400_000)).toMatchObject({ ok: true, claims: { revocation: 'stale' } });
    expect(verify({ crl: null })).toMatchObject({ ok: true, claims: { revocation: 'absent' } });
  });

  test('given a chain that is remembered, when its time is over, then dates are still looked at', () => {
    const verdicts = createCertificateVerdicts(1);
    const at = (atMs: number) => verifySnp(bench.evidence, { roots: bench.roots, atMs, verdicts }).ok;
    expect([at(evidenceAtMs), at(Date.UTC(2060, 0, 1)), at(evidenceAtMs), verdicts.size()]).toEqual([
      true,
      false,
      true,
      1,
    ]);
    expect(
      verifySnp({ ...bench.evidence, crl: bench.revoking }, { roots: bench.roots, atMs: evidenceAtMs, verdicts }).ok,
    ).toBe(false);
  });
});

describe('a policy of SNP claims', () => {
  test.each([
    ['debugging', { policy: 0xb_0000n }, ['snp-policy-debug']],
    ['a migration agent allowed', { policy: 0x7_0000n }, ['snp-policy-migrate-ma']],
    ['a lower privilege level', { vmpl: 2 }, ['snp-vmpl-max']],
    ['no alias check', { platformInfo: 0x05n }, ['snp-alias-check']],
    ['nothing odd', {}, []],
  ])('given a guest with %s, then that and nothing else is held against it', (_, terms, faults) => {
    expect(policyFaults(bench.report(terms))).toEqual(faults);
  });

  test('given a production policy, then a simulated root is refused; given references, then they are compared', () => {
    expect(policyFaults(bench.evidence.report, defaultSnpPolicy)).toEqual(['snp-simulated-root']);
    const wrong: SnpReferences = {
      measurementsHex: ['00'.repeat(48)],
      hostDataHex: '02'.repeat(32),
      reportDataHex: '',
    };
    expect(policyFaults(bench.evidence.report, simulatedSnpPolicy, wrong)).toEqual([
      'snp-measurement',
      'snp-report-data',
    ]);
  });

  test('given a document that leaves a field out or has one more, then it is no policy', () => {
    const { debug: _debug, ...without } = defaultSnpPolicy;
    expect(snpPolicySchema.safeParse(defaultSnpPolicy).success).toBe(true);
    expect(snpPolicySchema.safeParse(without).success).toBe(false);
    expect(snpPolicySchema.safeParse({ ...defaultSnpPolicy, debugging: 'unchecked' }).success).toBe(false);
  });
});

describe('mutated SNP evidence', () => {
  const position = fc.nat(100_000);
  const bit = fc.nat(7);

  test('given a report with any bit flipped, then it is refused', () => {
    const flipsRefused = fc.property(position, bit, (at, which) => {
      const { report } = bench.evidence;
      return !verify({ report: flipped(report, at % report.length, which) }).ok;
    });
    fc.assert(flipsRefused, { numRuns: 300 });
  });

  test.each(['vek', 'ask', 'ark', 'crl'] as const)('given %s with any bit flipped, then it is refused', (part) => {
    const { evidence, root } = bench;
    const flipsRefused = fc.property(position, bit, (at, which) => {
      const flip = (bytes: Uint8Array | null) => flipped(bytes ?? new Uint8Array(1), at % (bytes?.length ?? 1), which);
      const change = {
        vek: { vek: flip(evidence.vek) },
        ask: { chain: [flip(root.ask), root.ark] },
        ark: { chain: [root.ask, flip(root.ark)] },
        crl: { crl: flip(evidence.crl) },
      }[part];
      return !verify(change).ok;
    });
    fc.assert(flipsRefused, { numRuns: 150 });
  });

  test('given any bytes at all, cut or long, then the answer is a refusal and never an exception', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 2_000 }),
      fc.nat(1_300).map((length) => bench.evidence.vek.subarray(0, length)),
    );
    const answers = fc.property(bytes, bytes, bytes, bytes, (report, vek, one, crl) => {
      const refused = [{ report }, { vek }, { crl }, { chain: [one] }].map((change) => refusedFor(change).length > 0);
      return (
        refused[0] === true && refused[2] === true && refused[3] === true && (refused[1] === true || vek.length > 1_000)
      );
    });
    fc.assert(answers, { numRuns: 100 });
  });
});
