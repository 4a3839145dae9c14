import { randomUUID } from 'node:crypto';
import { jetstream } from '@nats-io/jetstream';
import { describe, expect, test } from 'vitest';
import { newRecorded, newSpec, put } from '../../../../test/conformance/bus-messages.ts';
import { until } from '../../../../test/conformance/until.ts';
import { holdings, openMinerScene } from '../../../../test/nats/miner-scene.ts';
import { natsBinary } from '../../../../test/nats/nats-world.ts';

const binary = await natsBinary();

describe.skipIf(binary === null)('miners on a real nats-server (needs nats-server 2.10 or newer)', () => {
  test('a miner publishes on no subject but its own', async () => {
    const { miner, minerId, other, refused, steward } = await openMinerScene(binary ?? '');
    const before = await holdings(steward);
    const foreign = [
      `report.${other}.${randomUUID()}`,
      `host.${other}`,
      `beat.${other}`,
      `ask.${other}.sync`,
      `ask.${other}.drain`,
      `guest.${other}.release`,
      `attest.${other}.guest-evidence`,
      `work.${minerId}.${randomUUID()}`,
      `spec.${minerId}`,
      `events.vm.${randomUUID()}.VmRequested`,
      `call.${other}.console`,
      `call.${other}.metrics`,
      `_INBOX_${other}.x`,
      'store.appended',
      `$JS.ACK.WORK.miner_${other}.1.1.1.1.0`,
    ];
    for (const subject of foreign) miner.publish(subject, '{}');
    await until('all are refused', () => refused.length >= foreign.length);
    expect([...refused].sort()).toEqual([...foreign].sort());
    expect(await holdings(steward)).toEqual(before);
  });

  test('a miner subscribes to no subject but its own', async () => {
    const { miner, other, refused } = await openMinerScene(binary ?? '');
    const foreign = ['>', 'work.>', 'spec.*', `spec.${other}`, `call.${other}.*`, 'report.>', 'events.>', '_INBOX.>'];
    const inboxes = [`_INBOX_${other}.>`, '_INBOX_orchestrator.>'];
    for (const subject of [...foreign, ...inboxes]) miner.subscribe(subject, { callback: () => undefined });
    await until('all are refused', () => refused.length >= foreign.length + inboxes.length);
    expect([...refused].sort()).toEqual([...foreign, ...inboxes].sort());
  });

  test('a miner reaches no JetStream API: no stream, no consumer, no message of its own or another', async () => {
    const { miner, minerId, other, refused } = await openMinerScene(binary ?? '');
    const calls = [
      'INFO',
      'STREAM.LIST',
      'STREAM.INFO.WORK',
      'STREAM.CREATE.MINE',
      'STREAM.DELETE.WORK',
      'STREAM.PURGE.WORK',
      'STREAM.MSG.GET.WORK',
      'CONSUMER.CREATE.WORK',
      `CONSUMER.MSG.NEXT.WORK.miner_${other}`,
      `CONSUMER.MSG.NEXT.WORK.miner_${minerId}`,
      `CONSUMER.DELETE.WORK.miner_${other}`,
      `CONSUMER.INFO.WORK.miner_${other}`,
    ].map((call) => `$JS.API.${call}`);
    for (const subject of calls) await expect(miner.request(subject, '', { timeout: 1_000 })).rejects.toThrow();
    expect([...refused].sort()).toEqual([...calls].sort());
  });

  test('given a miner that lets the server answer to a subject of its choice, then nothing there changes', async () => {
    const { world, miner, minerId, other, steward } = await openMinerScene(binary ?? '');
    const vmId = randomUUID();
    await world.orchestrator.publishEvents([newRecorded()]);
    const asked: string[] = [];
    await world.orchestrator.onAsk('sync', async (from) => {
      asked.push(from);
      return { ok: true, text: '' };
    });
    const seen: string[] = [];
    const victim = await world.miner(other);
    await victim.onSpec(async ({ vmId: told }) => {
      seen.push(told);
      return 'ack';
    });
    let consoles = 0;
    const count = async () => {
      consoles += 1;
      throw new Error('nobody may ask');
    };
    await victim.onCalls({ console: count, metrics: count, backup: count });
    await until('the victim has its own spec', () => seen.length === 1);
    await jetstream(miner).publish(`report.${minerId}.${vmId}`, '{}');
    const [events, work, reports] = await holdings(steward);

    const replies = [
      '$JS.API.STREAM.PURGE.WORK',
      '$JS.API.STREAM.DELETE.WORK',
      `$JS.API.CONSUMER.DELETE.WORK.miner_${other}`,
      `events.vm.${randomUUID()}.VmRequested`,
      `work.${other}.${randomUUID()}`,
      `report.${other}.${randomUUID()}`,
      `host.${other}`,
      `ask.${other}.sync`,
      `call.${other}.console`,
      `spec.${other}`,
    ];
    const doors = [`report.${minerId}.${vmId}`, `ask.${minerId}.sync`, `ask.${minerId}.renew`, `beat.${minerId}`];
    for (const reply of replies) for (const door of doors) miner.publish(door, '{}', { reply });
    await miner.flush();
    // Once these are answered, all before them went through both accounts.
    await jetstream(miner).publish(`report.${minerId}.${vmId}`, '{}');
    await miner.request(`ask.${minerId}.sync`);

    expect(new Set(asked)).toEqual(new Set([minerId]));
    const [eventsAfter, workAfter, reportsAfter] = await holdings(steward);
    expect([eventsAfter, workAfter]).toEqual([events, work]);
    expect(reportsAfter?.subjects).toEqual(reports?.subjects);
    expect([seen.length, consoles]).toEqual([1, 0]);
    expect(await put(world.orchestrator, other, newSpec())).toBe('put');
    await until('the victim still gets its work', () => seen.length === 2);
  });
});
