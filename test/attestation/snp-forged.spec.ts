import { beforeAll, describe, expect, test } from 'vitest';
import { type SnpEvidence, verifySnp } from '#attestation';
import { rootForSpecs } from '../../libs/simulated-processor/src/root.fixture.ts';
import { evidenceAtMs, makeSnpEvidence, type SnpBench } from './snp-evidence.ts';
import { alteredReport, forged, reissued } from './snp-forged.ts';

let bench: SnpBench;
beforeAll(async () => {
  bench = await makeSnpEvidence(await rootForSpecs());
}, 120_000);

const refusedFor = (change: Partial<SnpEvidence>): readonly string[] => {
  const verified = verifySnp({ ...bench.evidence, ...change }, { roots: bench.roots, atMs: evidenceAtMs });
  return verified.ok ? [] : verified.refusals.map(({ code }) => code);
};

const put =
  (at: number, ...bytes: readonly number[]) =>
  (report: Buffer): void =>
    report.set(bytes, at);
const both =
  (...changes: readonly ((report: Buffer) => void)[]) =>
  (report: Buffer): void =>
    changes.forEach((change) => {
      change(report);
    });

/** Where the four TCBs and what is beside them stand in a report. */
const at = { current: 0x038, reported: 0x180, committed: 0x1e0, launch: 0x1f0 } as const;
const snpPart = 6;
/** MASK_CHIP_KEY, and the chip it leaves out. */
const masked = both(put(0x048, 2), (report) => report.fill(0, 0x1a0, 0x1e0));

describe('a report that its chip signed and that says what it must not', () => {
  test('given the same bytes signed again, then nothing is refused', () => {
    expect(refusedFor({ report: alteredReport(bench, () => undefined) })).toEqual([]);
    expect(refusedFor({ report: alteredReport(bench, masked) })).toEqual([]);
  });

  test.each<[string, string, (report: Buffer) => void]>([
    ['version 1', 'snp-report-version', both(put(0x000, 1), (report) => report.fill(0, 0x188, 0x1a0))],
    ['version 6', 'snp-report-version', put(0x000, 6)],
    ['another signature algorithm', 'snp-signature-algorithm', put(0x034, 2)],
    ['privilege level 4', 'snp-vmpl', put(0x030, 4)],
    ['a policy without bit 17', 'snp-policy-form', put(0x00a, 0x01)],
    ['a policy with bit 26', 'snp-policy-form', put(0x00b, 0x04)],
    ['flags with bit 5', 'snp-flags-form', put(0x048, 0x20)],
    ['no signing key', 'snp-signing-key', put(0x048, 7 << 2)],
    ['the signing key of a fleet', 'snp-signing-key', put(0x048, 1 << 2)],
    ['platform bit 6 on Milan', 'snp-platform-info-form', put(0x040, 0x65)],
    ['platform bit 63', 'snp-platform-info-form', put(0x047, 0x80)],
    ['reserved byte 0x4c', 'snp-reserved-bytes', put(0x04c, 1)],
    ['reserved byte 0x4f', 'snp-reserved-bytes', put(0x04f, 1)],
    ['reserved byte 0x18b', 'snp-reserved-bytes', put(0x18b, 1)],
    ['reserved byte 0x19f', 'snp-reserved-bytes', put(0x19f, 1)],
    ['reserved byte 0x1eb', 'snp-reserved-bytes', put(0x1eb, 1)],
    ['reserved byte 0x1ef', 'snp-reserved-bytes', put(0x1ef, 1)],
    ['reserved byte 0x208', 'snp-reserved-bytes', put(0x208, 1)],
    ['reserved byte 0x29f', 'snp-reserved-bytes', put(0x29f, 1)],
    ['a processor, in version 2', 'snp-reserved-bytes', put(0x000, 2)],
    ['mitigations, in version 3', 'snp-reserved-bytes', both(put(0x000, 3), put(0x1f8, 1))],
    ['another product', 'snp-product', put(0x189, 0x11)],
    ['a processor nobody has named', 'snp-product', put(0x188, 0x17)],
    ['an odd reported TCB', 'snp-tcb-form', put(at.reported + 2, 1)],
    ['an odd current TCB', 'snp-tcb-form', put(at.current + 3, 1)],
    ['an odd committed TCB', 'snp-tcb-form', put(at.committed + 4, 1)],
    ['an odd launch TCB', 'snp-tcb-form', put(at.launch + 5, 1)],
    ['a reported TCB that is not the key’s', 'snp-reported-tcb', put(at.reported + snpPart, 23)],
    ['a committed TCB above what runs', 'snp-committed-tcb', put(at.committed + snpPart, 25)],
    [
      'a key of newer firmware than what runs',
      'snp-certificate-tcb',
      both(put(at.current + snpPart, 23), put(at.committed + snpPart, 23)),
    ],
    ['another chip', 'snp-chip-id', put(0x1a0, 0, 0, 0)],
    ['no chip, unmasked', 'snp-chip-id', (report) => report.fill(0, 0x1a0, 0x1e0)],
  ])('given %s, then it is refused for %s and nothing else', (_what, code, change) => {
    expect(refusedFor({ report: alteredReport(bench, change) })).toEqual([code]);
  });
});

describe('a chain that its keys signed and that says what it must not', () => {
  const over = { notAfterMs: evidenceAtMs - 1_000 };
  const early = { notBeforeMs: evidenceAtMs + 1_000 };
  const { basicConstraints, keyUsage } = forged;

  test('given the same certificates issued again, then nothing is refused', () => {
    expect(refusedFor(reissued(bench, {}))).toEqual([]);
    expect(refusedFor(reissued(bench, { vek: { extensions: { [keyUsage]: forged.usage(0) } } }))).toEqual([]);
  });

  test.each<[string, string, Parameters<typeof reissued>[1]]>([
    ['an intermediate that is over', 'snp-intermediate-dates', { ask: over }],
    ['an intermediate that has not begun', 'snp-intermediate-dates', { ask: early }],
    ['a root that is over', 'snp-root-dates', { ark: over }],
    ['a root that has not begun', 'snp-root-dates', { ark: early }],
    ['a certificate of the chip that is over', 'snp-vek-dates', { vek: over }],
    [
      'no authority between',
      'snp-intermediate-usage',
      { ask: { extensions: { [basicConstraints]: forged.noAuthority } } },
    ],
    ['no word of authority between', 'snp-intermediate-usage', { ask: { extensions: { [basicConstraints]: null } } }],
    ['an intermediate for lists', 'snp-intermediate-usage', { ask: { extensions: { [keyUsage]: forged.usage(6) } } }],
    ['an intermediate without a usage', 'snp-intermediate-usage', { ask: { extensions: { [keyUsage]: null } } }],
    [
      'an intermediate with a critical unknown',
      'snp-intermediate-usage',
      { ask: { extensions: { x: forged.strange } } },
    ],
    [
      'a root that is no authority',
      'snp-root-usage',
      { ark: { extensions: { [basicConstraints]: forged.noAuthority } } },
    ],
    [
      'a root with no room below',
      'snp-root-usage',
      { ark: { extensions: { [basicConstraints]: forged.authority(0) } } },
    ],
    ['a root with a critical unknown', 'snp-root-usage', { ark: { extensions: { x: forged.strange } } }],
    [
      'a chip that is an authority',
      'snp-vek-usage',
      { vek: { extensions: { [basicConstraints]: forged.authority(0) } } },
    ],
    ['a chip’s key that may not sign', 'snp-vek-usage', { vek: { extensions: { [keyUsage]: forged.usage(5) } } }],
    ['a chip with a critical unknown', 'snp-vek-usage', { vek: { extensions: { x: forged.strange } } }],
  ])('given %s, then it is refused for %s and nothing else', (_what, code, change) => {
    expect(refusedFor(reissued(bench, change))).toEqual([code]);
  });

  test('given a root that may not sign certificates, then it is refused as one, list and all', () => {
    const chain = reissued(bench, { ark: { extensions: { [keyUsage]: forged.usage(6) } } });
    expect(refusedFor({ ...chain, crl: null })).toEqual(['snp-root-usage']);
  });

  test('given a chip’s certificate that names no chip, then a masked report does not help it', () => {
    const { vek } = reissued(bench, { vek: { extensions: { [forged.hwId]: null } } });
    expect(refusedFor({ vek, report: alteredReport(bench, masked) })).toEqual(['snp-vek-hwid']);
    expect(refusedFor({ vek })).toEqual(['snp-vek-hwid', 'snp-chip-id']);
  });
});
