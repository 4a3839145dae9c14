import { randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { AskAnswer } from '#events';
import { natsBinary, openNatsWorld } from '../../../../test/nats/nats-world.ts';
import type { NatsMinerBus } from './miner-bus.ts';
import type { NatsOrchestratorBus } from './orchestrator-bus.ts';

const binary = await natsBinary();

type Handle = (minerId: string) => Promise<AskAnswer>;
type Case = readonly [
  what: string,
  serve: (bus: NatsOrchestratorBus, handle: Handle) => Promise<unknown>,
  ask: (miner: NatsMinerBus) => Promise<unknown>,
];

const cases: readonly Case[] = [
  ['sync', (bus, handle) => bus.onAsk('sync', handle), (miner) => miner.sync()],
  ['renew', (bus, handle) => bus.onAsk('renew', handle), (miner) => miner.renew()],
  ['drain', (bus, handle) => bus.onDrain(handle), (miner) => miner.drain({ drain: null })],
];

describe.skipIf(binary === null)('what miners ask, on a real nats-server (needs nats-server 2.10 or newer)', () => {
  test.each(cases)(
    'given an orchestrator in the middle of an answer to %s / when it closes / then that answer still comes, and what is asked meanwhile is answered',
    async (_, serve, ask) => {
      const world = await openNatsWorld(binary ?? '');
      onTestFinished(() => world.close());
      const [going, staying] = [world.orchestrator, await world.connectOrchestrator()];
      const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<AskAnswer>()];
      await serve(going, () => {
        asked.resolve();
        return answer.promise;
      });
      const miners = await Promise.all(Array.from({ length: 4 }, () => world.miner(randomUUID())));
      const [first, ...others] = miners.map((miner) => () => ask(miner));
      const waiting = first?.();
      await asked.promise;
      await serve(staying, async () => ({ ok: true, text: 'done' }));
      const closed = going.close();
      const meanwhile = others.map((one) => one());
      answer.resolve({ ok: true, text: 'done' });
      await expect(Promise.all([waiting, ...meanwhile])).resolves.toHaveLength(4);
      await closed;
      expect(going.connectedSince()).toBeNull();
    },
  );

  test('given a server that was stopped while it answers / then the answer comes, and the next request goes to another', async () => {
    const world = await openNatsWorld(binary ?? '');
    onTestFinished(() => world.close());
    const other = await world.connectOrchestrator();
    const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<AskAnswer>()];
    const stop = await world.orchestrator.onAsk('renew', () => {
      asked.resolve();
      return answer.promise;
    });
    const miner = await world.miner(randomUUID());
    const waiting = miner.renew();
    await asked.promise;
    await other.onAsk('renew', async () => ({ ok: true, text: 'by another' }));
    const stopped = stop();
    answer.resolve({ ok: true, text: 'by the one that stopped' });
    await stopped;
    expect([await waiting, await miner.renew()]).toEqual(['by the one that stopped', 'by another']);
  });
});
