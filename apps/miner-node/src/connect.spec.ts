import { describe, expect, test } from 'vitest';
import { createManualClock } from '#adapters/memory';
import { BusUnavailable, type MinerBus } from '#events';
import { connectPatiently } from './connect.ts';
import { limits } from './limits.ts';

const bus: MinerBus = {
  onSpec: async () => async () => undefined,
  onCalls: async () => async () => undefined,
  sync: async () => undefined,
  renew: async () => '',
  drain: async () => ({ ok: false, reason: 'nobody asks' }),
  report: async () => undefined,
  reportHost: async () => undefined,
  beat: () => undefined,
  guests: { ask: () => Promise.reject(new BusUnavailable('nobody answers')) },
  close: async () => undefined,
};

const newMiner = (busIsAt: string, refreshes: readonly (string | Error)[]) => {
  let servers = ['nats://old'];
  const answers = [...refreshes];
  const tried: string[] = [];
  const clock = createManualClock();
  const stopping = new AbortController();
  const connected = connectPatiently({
    identity: {
      servers: () => servers,
      credentials: () => ({ jwt: 'jwt', seed: 'seed' }),
      refresh: async () => {
        const answer = answers.shift();
        if (typeof answer !== 'string') throw answer ?? new Error('none left');
        servers = [answer];
      },
    },
    connect: async ([server = '']) => {
      tried.push(server);
      if (server !== busIsAt) throw new BusUnavailable(`no NATS server answered at ${server}`);
      return bus;
    },
    clock,
    log: () => undefined,
    signal: stopping.signal,
  });
  return { connected, tried, clock, stopping };
};

describe('the way to the bus', () => {
  test('given a bus that moved / when the stored pass leads nowhere / then another pass is asked for and used', async () => {
    const { connected, tried, clock } = newMiner('nats://new', [new Error('the API is not up'), 'nats://new']);
    await clock.advance(limits.syncRetryMs);
    await clock.advance(2 * limits.syncRetryMs);
    expect(await connected).toBe(bus);
    expect(tried).toEqual(['nats://old', 'nats://old', 'nats://new']);
  });

  test('given a bus that is not there / when the agent is stopped / then it waits no longer', async () => {
    const { connected, stopping } = newMiner('nats://new', []);
    stopping.abort();
    await expect(connected).rejects.toThrow('stopped before the bus was there');
  });
});
