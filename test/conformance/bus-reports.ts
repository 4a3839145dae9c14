import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { HostReport, VmReport } from '#events';
import type { BusWorld } from './bus.ts';
import { newHostReport, newReport } from './bus-messages.ts';
import { until } from './until.ts';

export const describeReports = (open: () => Promise<BusWorld>): void => {
  describe('reports', () => {
    test('a report arrives whole, under the miner that sent it', async () => {
      const { orchestrator, miner, deliver } = await open();
      const minerId = randomUUID();
      const heard: [VmReport, string][] = [];
      await orchestrator.onReport(async (report, from) => {
        heard.push([report, from]);
        return 'ack';
      });
      const report = newReport({
        observation: {
          phase: 'failed',
          bootId: null,
          code: 'no-disk',
          detail: 'said — not “guessed”',
        },
      });
      await (await miner(minerId)).report(report);
      await until('the report arrives', () => heard.length > 0, deliver);
      expect(heard).toEqual([[report, minerId]]);
    });

    test('a host report arrives, and is no VM report', async () => {
      const { orchestrator, miner, deliver } = await open();
      const minerId = randomUUID();
      const heard: [HostReport, string][] = [];
      let reports = 0;
      await orchestrator.onReport(async () => {
        reports += 1;
        return 'ack';
      });
      await orchestrator.onHost(async (report, from) => {
        heard.push([report, from]);
        return 'ack';
      });
      await (await miner(minerId)).reportHost(newHostReport());
      await until('it arrives', () => heard.length > 0, deliver);
      expect(heard).toEqual([[newHostReport(), minerId]]);
      expect(reports).toBe(0);
    });

    test('given nobody listened, the last report of each VM is kept until somebody does', async () => {
      const { orchestrator, miner, deliver } = await open();
      const bus = await miner(randomUUID());
      const [first, second] = [newReport(), newReport()];
      for (let sequence = 1; sequence <= 3; sequence += 1) {
        await bus.report({ ...first, sequence });
        await bus.report({ ...second, sequence: 10 * sequence });
      }
      const heard: VmReport[] = [];
      await orchestrator.onReport(async (report) => {
        heard.push(report);
        return 'ack';
      });
      await until('both arrive', () => heard.length >= 2, deliver);
      await deliver();
      expect(new Map(heard.map(({ vmId, sequence }) => [vmId, sequence]))).toEqual(
        new Map([
          [first.vmId, 3],
          [second.vmId, 30],
        ]),
      );
      expect(heard).toHaveLength(2);
    });

    test('a report that is put off comes again, and so does one whose handler threw', async () => {
      const { orchestrator, miner, deliver } = await open();
      let tries = 0;
      await orchestrator.onReport(async () => {
        tries += 1;
        if (tries === 1) return { retryInMs: 50 };
        if (tries === 2) throw new Error('the store is busy');
        return 'ack';
      });
      await (await miner(randomUUID())).report(newReport());
      await until('the third try', () => tries === 3, deliver);
    });

    test('an acknowledged report is not delivered to the next listener', async () => {
      const { orchestrator, miner, deliver } = await open();
      const bus = await miner(randomUUID());
      const heard: number[] = [];
      const stop = await orchestrator.onReport(async ({ sequence }) => {
        heard.push(sequence);
        return 'ack';
      });
      const report = newReport();
      await bus.report(report);
      await until('it arrives', () => heard.length === 1, deliver);
      await stop();
      await bus.report({ ...report, sequence: 2 });
      await orchestrator.onReport(async ({ sequence }) => {
        heard.push(sequence);
        return 'ack';
      });
      await until('the next arrives', () => heard.includes(2), deliver);
      expect(heard).toEqual([1, 2]);
    });

    test('a report larger than is taken is refused to its sender', async () => {
      const { miner } = await open();
      const capacity = { vcpus: 1, memoryBytes: 1, diskBytes: 1 };
      const bus = await miner(randomUUID());
      await expect(bus.reportHost({ ...newHostReport(), cpuModel: 'x'.repeat(100_000), capacity })).rejects.toThrow();
    });
  });
};
