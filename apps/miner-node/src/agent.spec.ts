import { describe, expect, test } from 'vitest';
import { createManualClock } from '#adapters/memory';
import type { DesiredSpec } from '#domain';
import { hourMs } from '#domain';
import { BusUnavailable, type CallHandlers, type ConsoleCall, consoleBytesMax, type MinerBus } from '#events';
import { spec } from '../../../test/miner-node/converge-samples.ts';
import { createAgent } from './agent.ts';
import { limits } from './limits.ts';

/** A bus that writes down what it is asked for. The first `failures` syncs and renewals reject. */
const newAgent = (failures = 0) => {
  const did: string[] = [];
  let left = failures;
  let beats = 0;
  let calls: CallHandlers | undefined;
  const orFail = (what: string): void => {
    did.push(what);
    left -= 1;
    if (left >= 0) throw new BusUnavailable('nobody answers');
  };
  const stopOf = (what: string) => async () => void did.push(`stop ${what}`);
  const bus: MinerBus = {
    sync: async () => orFail('sync'),
    renew: async () => {
      orFail('renew');
      return 'new pass';
    },
    drain: async () => ({ ok: false, reason: 'nobody asks' }),
    onSpec: async (handle) => {
      did.push('onSpec');
      await handle(spec());
      return stopOf('onSpec');
    },
    onCalls: async (handlers) => {
      calls = handlers;
      return stopOf('onCalls');
    },
    report: async () => undefined,
    reportHost: async () => undefined,
    beat: () => {
      beats += 1;
    },
    guests: { ask: () => Promise.reject(new BusUnavailable('nobody answers')) },
    close: async () => undefined,
  };
  const clock = createManualClock();
  let renewInMs = hourMs;
  const supervisor = {
    take: async ({ vmId }: DesiredSpec) => {
      did.push(`take ${vmId}`);
      return 'ack' as const;
    },
    readConsole: async ({ bytesMax }: ConsoleCall) => ({ text: `${bytesMax} bytes`, start: 0, end: bytesMax }),
    metrics: async () => {
      throw new Error('none');
    },
  };
  const identity = {
    take: async (answer: string) => {
      did.push(`keep ${answer}`);
      renewInMs = hourMs;
    },
    renewInMs: () => renewInMs,
  };
  const backups = { sees: async () => ({ store: null, isThere: false }) };
  const agent = createAgent({ bus, supervisor, backups, identity, clock, log: () => undefined });
  const askConsole = async (bytesMax: number) => (await calls?.console({ vmId: 'vm', bytesMax, after: null }))?.text;
  const expire = () => {
    renewInMs = 0;
  };
  return { agent, did, clock, beats: () => beats, askConsole, expire };
};

describe('what the agent does on the bus', () => {
  test('given a start / when nobody answers at first / then no spec is read before all were asked for', async () => {
    const { agent, did, clock } = newAgent(2);
    await agent.start();
    await clock.advance(limits.syncRetryMs);
    expect(did).toEqual(['sync', 'sync']);
    await clock.advance(2 * limits.syncRetryMs);
    expect(did).toEqual(['sync', 'sync', 'sync', 'onSpec', `take ${spec().vmId}`]);
    await agent.stop();
    expect(did.slice(-2)).toEqual(['stop onCalls', 'stop onSpec']);
  });

  test('given a running agent / when time passes / then it beats, and no more once it is stopped', async () => {
    const { agent, clock, beats } = newAgent();
    await agent.start();
    await clock.advance(5 * limits.beatIntervalMs);
    expect(beats()).toBe(6);
    await agent.stop();
    await clock.advance(5 * limits.beatIntervalMs);
    expect(beats()).toBe(6);
  });

  test('given credentials past half of their life / when they are renewed / then the answer is kept', async () => {
    const { agent, did, clock, expire } = newAgent();
    await agent.start();
    expire();
    await clock.advance(hourMs);
    expect(did.slice(-2)).toEqual(['renew', 'keep new pass']);
    await agent.stop();
  });

  test('given a console that is asked for / when more is wanted than is shown / then no more than that is read', async () => {
    const { agent, askConsole } = newAgent();
    await agent.start();
    expect(await askConsole(10)).toBe('10 bytes');
    expect(await askConsole(10 ** 9)).toBe(`${consoleBytesMax} bytes`);
    await agent.stop();
  });
});
