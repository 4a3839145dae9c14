import { describe, expect, test } from 'vitest';
import { createManualClock } from '#adapters/memory';
import type { HostCheck } from '#domain';
import type { HostReport } from '#events';
import { bootNumber, vmId } from '../../../test/miner-node/converge-samples.ts';
import { runningHost } from '../../../test/miner-node/toy-host.ts';
import { limits } from './limits.ts';
import { Reporter } from './reporter.ts';

describe('reports', () => {
  test('given nothing new / when the interval passes / then everything is said whole again', async () => {
    const host = await runningHost();
    const before = host.reports.length;
    await host.clock.advance(limits.reportIntervalMs);
    expect(host.reports).toHaveLength(before + 1);
    expect(host.hostReports).toHaveLength(2);
  });

  test('given a bus that is away / when it comes back / then only the newest word is sent', async () => {
    const host = await runningHost();
    const before = host.reports.length;
    host.busIsAway = true;
    host.machine(vmId).end({ reason: 'guest-panic', detail: '' });
    await host.until('tried', () => host.logged.includes('warn: report not taken, it will be sent again'));
    await host.take({ specRevision: 6n, boot: bootNumber(2) });
    await host.until('started again', () => host.hypervisor.starts.length === 2);
    host.busIsAway = false;
    await host.clock.advance(limits.reportRetryMs);
    expect(host.reports.slice(before).map((report) => report.observation.phase)).toEqual(['starting']);
    expect(await host.agent.reporter.flush()).toBe(true);
  });

  test('given the checks of a start / when one of them comes out otherwise later / then it takes the place of the first, once', async () => {
    const check = (code: string, status: HostCheck['status']): HostCheck => ({
      ...{ code, name: 'a check', status, observed: 'seen', wanted: 'more', fix: null },
    });
    const host: HostReport = {
      ...{ agentEpoch: 1, agentVersion: '1', hostBootId: 'b', accelerator: 'tcg', platform: 'none', cpuModel: 'c' },
      ...{ capacity: { vcpus: 1, memoryBytes: 1, diskBytes: 1 } },
      checks: [check('HCC-H020', 'SKIP'), check('HCC-H004', 'PASS')],
    };
    const said: (readonly string[] | undefined)[] = [];
    const reporter = new Reporter({ clock: createManualClock(), log: () => undefined, host });
    reporter.start({
      report: async () => undefined,
      reportHost: async ({ checks }) => void said.push(checks?.map(({ code, status }) => `${code} ${status}`)),
    });
    await reporter.flush();
    reporter.sayCheck(check('HCC-H020', 'PASS'));
    reporter.sayCheck(check('HCC-A001', 'PASS'));
    await reporter.flush();
    reporter.sayCheck(check('HCC-H020', 'PASS'));
    await reporter.flush();
    expect(said).toEqual([
      ['HCC-H020 SKIP', 'HCC-H004 PASS'],
      ['HCC-H020 PASS', 'HCC-H004 PASS', 'HCC-A001 PASS'],
    ]);
    await reporter.stop();
  });
});
