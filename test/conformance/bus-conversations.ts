import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { BusUnavailable } from '#events';
import type { BusWorld } from './bus.ts';
import { newMetrics, newRecorded, newSpec, put } from './bus-messages.ts';
import { until } from './until.ts';

const fails = async (): Promise<never> => {
  throw new Error('no such VM');
};

export const describeConversations = (open: () => Promise<BusWorld>): void => {
  describe('requests and beats', () => {
    test('a miner asks for credentials and gets the answer meant for it', async () => {
      const { orchestrator, miner } = await open();
      const [one, two] = [randomUUID(), randomUUID()];
      await orchestrator.onAsk('renew', async (minerId) => ({ ok: true, text: `jwt of ${minerId}` }));
      const buses = [await miner(one), await miner(two)];
      expect(await Promise.all(buses.map((bus) => bus.renew()))).toEqual([`jwt of ${one}`, `jwt of ${two}`]);
    });

    test('a refused request rejects with the reason; one that nobody hears rejects too', async () => {
      const { orchestrator, miner } = await open();
      const bus = await miner(randomUUID());
      await expect(bus.sync()).rejects.toThrow(BusUnavailable);
      await orchestrator.onAsk('renew', async () => ({ ok: false, reason: 'this miner was removed' }));
      await expect(bus.renew()).rejects.toThrow(/this miner was removed/);
    });

    test('a miner asks to be drained, and to be given VMs again: of itself only, whole or refused with the reason', async () => {
      const { orchestrator, miner } = await open();
      const [one, two] = [randomUUID(), randomUUID()];
      const heard: unknown[] = [];
      await orchestrator.onDrain(async (minerId, wish) => {
        heard.push([minerId, wish]);
        return minerId === one ? { ok: true, text: '' } : { ok: false, reason: 'its deadline has passed' };
      });
      const wish = { drain: { reason: 'new disks', deadlineAt: Date.UTC(2030, 0, 1) } };
      const [first, second] = [await miner(one), await miner(two)];
      expect(await first.drain(wish)).toMatchObject({ ok: true });
      expect(await first.drain({ drain: null })).toMatchObject({ ok: true });
      expect(await second.drain(wish)).toEqual({ ok: false, reason: 'its deadline has passed' });
      expect(heard).toEqual([
        [one, wish],
        [one, { drain: null }],
        [two, wish],
      ]);
    });

    test('the end of a console comes from the miner that was asked', async () => {
      const { orchestrator, miner } = await open();
      const [minerId, vmId] = [randomUUID(), randomUUID()];
      const bus = await miner(minerId);
      const asked: unknown[] = [];
      await bus.onCalls({
        console: async (call) => {
          asked.push(call);
          return { text: `${'boot '.repeat(10_000)}login:`, start: 7, end: 50_013 };
        },
        metrics: async () => newMetrics(vmId),
        backup: fails,
      });
      const { text, start, end } = await orchestrator.askConsole(minerId, { vmId, bytesMax: 1_000, after: 5 });
      expect(text).toHaveLength(1_000);
      expect(text).toMatch(/login:$/);
      expect([start, end]).toEqual([49_013, 50_013]);
      expect(asked).toEqual([{ vmId, bytesMax: 1_000, after: 5 }]);
    });

    test('counters come from the miner that was asked', async () => {
      const { orchestrator, miner } = await open();
      const [minerId, vmId] = [randomUUID(), randomUUID()];
      const metrics = newMetrics(vmId);
      await (await miner(minerId)).onCalls({ console: fails, metrics: async () => metrics, backup: fails });
      expect(await orchestrator.askMetrics(minerId, vmId)).toEqual(metrics);
      await expect(orchestrator.askMetrics(randomUUID(), vmId)).rejects.toThrow(BusUnavailable);
    });

    test('whether a backup is there comes from the miner that was asked', async () => {
      const { orchestrator, miner } = await open();
      const minerId = randomUUID();
      const call = { vmId: randomUUID(), manifestSha256: 'a'.repeat(64) };
      const seen = { store: 's3://backups/hcc at https://s3.example.org', isThere: false };
      const asked: unknown[] = [];
      const backup = async (one: unknown) => {
        asked.push(one);
        return seen;
      };
      await (await miner(minerId)).onCalls({ console: fails, metrics: fails, backup });
      expect(await orchestrator.askBackup(minerId, call)).toEqual(seen);
      expect(asked).toEqual([call]);
      await expect(orchestrator.askBackup(randomUUID(), call)).rejects.toThrow(BusUnavailable);
    });

    test('given a miner that is not there or fails, asking for a console rejects', async () => {
      const { orchestrator, miner } = await open();
      const minerId = randomUUID();
      const call = { vmId: randomUUID(), bytesMax: 100, after: null };
      await expect(orchestrator.askConsole(minerId, call)).rejects.toThrow(BusUnavailable);
      await (await miner(minerId)).onCalls({ console: fails, metrics: fails, backup: fails });
      await expect(orchestrator.askConsole(minerId, call)).rejects.toThrow(BusUnavailable);
      await expect(orchestrator.askMetrics(minerId, call.vmId)).rejects.toThrow(BusUnavailable);
    });

    test('a beat says which miner is there', async () => {
      const { orchestrator, miner, deliver } = await open();
      const minerId = randomUUID();
      const beats: string[] = [];
      const stop = await orchestrator.onBeat((from) => beats.push(from));
      const bus = await miner(minerId);
      bus.beat();
      await until('the beat arrives', () => beats.length === 1, deliver);
      expect(beats).toEqual([minerId]);
      await stop();
    });

    test('published events are acknowledged, and publishing them again is no error', async () => {
      const { orchestrator } = await open();
      const events = Array.from({ length: 600 }, () => newRecorded());
      await orchestrator.publishEvents(events);
      await orchestrator.publishEvents(events.slice(0, 10));
      await orchestrator.publishEvents([]);
    });

    test('the ends of what is published are known, none at first', async () => {
      const { orchestrator } = await open();
      expect(await orchestrator.published()).toBeNull();
      const [first, second] = [newRecorded(), newRecorded()];
      await orchestrator.publishEvents([first, second]);
      const span = { oldest: first.position, newest: second.position, isTrimmed: false };
      expect(await orchestrator.published()).toEqual(span);
    });

    test('we know since when we listen; a closed bus knows it does not, and refuses by name', async () => {
      const { orchestrator, miner } = await open();
      expect(orchestrator.connectedSince()).toEqual(expect.any(Number));
      const bus = await miner(randomUUID());
      await bus.close();
      await bus.close();
      await expect(bus.sync()).rejects.toThrow(BusUnavailable);
      bus.beat();
      await orchestrator.close();
      expect(orchestrator.connectedSince()).toBeNull();
      await expect(put(orchestrator, randomUUID(), newSpec())).rejects.toThrow(BusUnavailable);
      await expect(orchestrator.publishEvents([newRecorded()])).rejects.toThrow(BusUnavailable);
    });
  });
};
