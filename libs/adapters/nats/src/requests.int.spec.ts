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
      const done = { ok: true, text: 'done' } as const;
      let heard = 0;
      await serve(going, async () => {
        heard += 1;
        asked.resolve();
        return heard === 1 ? answer.promise : done;
      });
      const miners = await Promise.all(Array.from({ length: 4 }, () => world.miner(randomUUID())));
      const [first, ...others] = miners.map((miner) => () => ask(miner));
      const waiting = first?.();
      await asked.promise;
      await serve(staying, async () => done);
      const closed = going.close();
      // Round trips later, when a close that waits for nothing is over.
      for (const one of others) await one();
      answer.resolve(done);
      await waiting;
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
