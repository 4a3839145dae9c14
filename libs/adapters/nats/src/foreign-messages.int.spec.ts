import { randomUUID } from 'node:crypto';
import { jetstream } from '@nats-io/jetstream';
import { describe, expect, test } from 'vitest';
import { newHostReport, newRecorded, newReport } from '../../../../test/conformance/bus-messages.ts';
import { until } from '../../../../test/conformance/until.ts';
import { openMinerScene, refusalsOf } from '../../../../test/nats/miner-scene.ts';
import { natsBinary } from '../../../../test/nats/nats-world.ts';

const binary = await natsBinary();

describe.skipIf(binary === null)('what arrives from outside (needs nats-server 2.10 or newer)', () => {
  test('what a miner sends that is no report is refused, counted and gone; the next good one arrives', async () => {
    const { world, miner, minerId } = await openMinerScene(binary ?? '');
    const heard: string[] = [];
    await world.orchestrator.onReport(async ({ vmId }) => {
      heard.push(vmId);
      return 'ack';
    });
    const report = newReport();
    const js = jetstream(miner);
    const bad = [
      '',
      '{',
      '[]',
      '{"vmId":1}',
      '\xff',
      JSON.stringify({ ...newHostReport(), extra: true }),
      'x'.repeat(60_000),
    ];
    for (const text of bad) await js.publish(`report.${minerId}.${randomUUID()}`, text);
    await js.publish(`report.${minerId}.not-a-uuid`, '{}');
    const foreignVm = JSON.stringify({ ...report, specRevision: '1' });
    await js.publish(`report.${minerId}.${randomUUID()}`, foreignVm);
    await (await world.miner(minerId)).report(report);
    await until('the good one arrives', () => heard.length > 0);
    await until('the others are refused', () => world.orchestrator.refusedMessages() === bad.length + 2);
    expect(heard).toEqual([report.vmId]);
    await expect(js.publish(`report.${minerId}.${report.vmId}`, 'x'.repeat(80_000))).rejects.toThrow(/maximum/);
  });

  test('an observer reads events as they are published, and can send nothing', async () => {
    const { world } = await openMinerScene(binary ?? '');
    const observer = await world.raw(await world.serviceIdentity('observer'));
    const event = newRecorded();
    const heard: { id: string; type: string; hash: unknown }[] = [];
    const refused = refusalsOf(observer);
    observer.subscribe('events.>', {
      callback: (_, message) => {
        const { hash } = message.json<{ hash: string }>();
        const header = (name: string): string => message.headers?.get(name) ?? '';
        heard.push({ id: header('ce-id'), type: header('ce-type'), hash });
      },
    });
    observer.subscribe('report.>', { callback: () => undefined });
    observer.publish('events.vm.x.VmRequested', '{}');
    await until('both are refused', () => refused.length === 2);
    await world.orchestrator.publishEvents([event]);
    await until('the event arrives', () => heard.length > 0);
    expect(heard).toEqual([{ id: event.eventId, type: 'hcc.vm.VmRequested', hash: event.hash }]);
  });
});
