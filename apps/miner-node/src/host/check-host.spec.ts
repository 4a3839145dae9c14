import { describe, expect, test } from 'vitest';
import { hostReport } from '#events';
import type { Checked } from '#host';
import { demandPlatform, reportedChecks } from './check-host.ts';

const check = (code: string, status: Checked['status'], observed = 'seen'): Checked => ({
  ...{ code, name: 'a check', status, observed, wanted: 'more' },
  fix: status === 'PASS' ? null : 'do it',
});

describe('what a host is and says it is', () => {
  test('given the platform sev-snp / when one of its checks does not pass / then the agent does not start, and says which', () => {
    const checks = [
      check('HCC-H003', 'WARN'),
      check('HCC-H030', 'PASS'),
      check('HCC-H032', 'FAIL', '/dev/sev: ENOENT'),
    ];
    expect(() => demandPlatform('sev-snp', checks)).toThrow(
      'HCC_MINER_PLATFORM is sev-snp, but this host cannot: HCC-H032 a check: /dev/sev: ENOENT. Mend that, or set HCC_MINER_PLATFORM=none',
    );
    demandPlatform('none', checks);
    demandPlatform('sev-snp', checks.slice(0, 2));
  });

  test('given skipped SNP checks / when sev-snp is wanted / then that is no pass', () => {
    expect(() => demandPlatform('sev-snp', [check('HCC-H034', 'SKIP')])).toThrow(/HCC-H034/);
  });

  test('given texts and lists of any length / when they are reported / then the orchestrator takes them', () => {
    const long = Array.from({ length: 80 }, (_, index) => check(`HCC-H${index}`, 'WARN', 'x'.repeat(5_000)));
    const checks = reportedChecks(long);
    const report = {
      ...{ agentEpoch: 1, agentVersion: '1', hostBootId: 'b', accelerator: 'tcg', platform: 'none', cpuModel: 'c' },
      ...{ capacity: { vcpus: 1, memoryBytes: 1, diskBytes: 1 }, checks },
    };
    expect(hostReport.safeParse(report).error).toBeUndefined();
    expect(checks).toHaveLength(64);
    expect(JSON.stringify(report).length, 'below what a report may be').toBeLessThan(64 * 1024);
  });

  test.each([
    [[{ ...check('HCC-H001', 'PASS'), code: 'x' }]],
    [[{ ...check('HCC-H001', 'PASS'), status: 'OK' }]],
    [[{ ...check('HCC-H001', 'PASS'), more: 1 }]],
    [Array(65).fill(check('HCC-H001', 'PASS'))],
    ['all well'],
  ])('given checks that are none (%j) / when a host reports them / then the whole report is refused', (checks) => {
    const capacity = { vcpus: 1, memoryBytes: 1, diskBytes: 1 };
    const facts = {
      agentEpoch: 1,
      agentVersion: '1',
      hostBootId: 'b',
      accelerator: 'tcg',
      platform: 'none',
      cpuModel: 'c',
    };
    expect(hostReport.safeParse({ ...facts, capacity }).success, 'an agent without checks is taken').toBe(true);
    expect(hostReport.safeParse({ ...facts, capacity, checks }).success).toBe(false);
  });
});
