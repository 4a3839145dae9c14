import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { BusUnavailable } from '#events';
import type { BusWorld } from './bus.ts';
import { newRecorded, newSpec } from './bus-messages.ts';
import { until } from './until.ts';

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

    test('the end of a console comes from the miner that was asked', async () => {
      const { orchestrator, miner } = await open();
      const [minerId, vmId] = [randomUUID(), randomUUID()];
      const bus = await miner(minerId);
      await bus.onConsole(async (asked, bytesMax) => `${asked} ${bytesMax} ${'boot '.repeat(10_000)}login:`);
      const text = await orchestrator.askConsole(minerId, vmId, 1_000);
      expect(text).toHaveLength(1_000);
      expect(text).toMatch(/login:$/);
    });

    test('given a miner that is not there or fails, asking for a console rejects', async () => {
      const { orchestrator, miner } = await open();
      const minerId = randomUUID();
      await expect(orchestrator.askConsole(minerId, randomUUID(), 100)).rejects.toThrow(BusUnavailable);
      await (await miner(minerId)).onConsole(async () => {
        throw new Error('no such VM');
      });
      await expect(orchestrator.askConsole(minerId, randomUUID(), 100)).rejects.toThrow(BusUnavailable);
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
      await expect(orchestrator.putSpec(randomUUID(), newSpec())).rejects.toThrow(BusUnavailable);
      await expect(orchestrator.publishEvents([newRecorded()])).rejects.toThrow(BusUnavailable);
    });
  });
};
