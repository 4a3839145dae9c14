import { describe, expect, test } from 'vitest';
import { bootNumber, vmId } from '../../../test/miner-node/converge-samples.ts';
import { runningHost } from '../../../test/miner-node/toy-host.ts';
import { limits } from './limits.ts';

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
});
