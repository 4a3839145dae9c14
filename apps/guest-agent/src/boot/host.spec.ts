import { describe, expect, test } from 'vitest';
import { type Host, hostOn } from './host.ts';
import type { Link } from './link.ts';

/** A host in memory: `hear` gets what the guest sends and may answer; time goes on while nobody speaks. */
const worldOf = (hear: (message: Sent, say: (message: unknown) => void, world: { come(): void }) => void) => {
  const [sent, toGuest, noise]: [Sent[], unknown[], string[]] = [[], [], []];
  const state = { nowMs: 0, connections: 1 };
  const come = (): void => {
    state.connections += 1;
  };
  const link: Link = {
    send: async (message) => {
      const one = message as Sent;
      sent.push(one);
      hear(one, (answer) => toGuest.push(answer), { come });
      return true;
    },
    next: async (timeoutMs) => {
      if (toGuest.length === 0) state.nowMs += timeoutMs;
      return toGuest.shift() ?? null;
    },
    connections: () => state.connections,
  };
  const host: Host = hostOn(link, { uptimeMs: () => state.nowMs, onNoise: (reason) => noise.push(reason) });
  return { host, sent, noise, state };
};
type Sent = { readonly type: string; readonly exchange: number };

describe('the conversation with a host', () => {
  test('given a host that answers late / when it is asked / then it is asked again, less often each time, with the same number', async () => {
    let times = 0;
    const { host, sent, state } = worldOf(({ exchange }, say) => {
      times += 1;
      if (times === 5) say({ version: 1, type: 'answer', exchange, body: '{"fine":true}' });
    });
    expect(await host.ask('challenge', { purpose: 'vm-key' })).toBe('{"fine":true}');
    expect(new Set(sent.map(({ exchange }) => exchange)).size).toBe(1);
    expect(state.nowMs).toBeGreaterThanOrEqual(1_000 + 2_000 + 4_000 + 5_000);
  });

  test('given a host that was restarted / when another comes / then it is asked at once', async () => {
    let times = 0;
    const { host, state } = worldOf(({ exchange }, say, world) => {
      times += 1;
      if (times === 1) setImmediate(world.come);
      else say({ version: 1, type: 'answer', exchange, body: '{}' });
    });
    // Time stands still here but for the looking: what is waited for is the other host.
    await host.ask('release', {});
    expect(times).toBe(2);
    expect(state.nowMs).toBeLessThan(1_100);
  });

  test('given noise, answers to other questions and frames of no protocol / when it is asked / then only its answer counts', async () => {
    const { host, noise } = worldOf(({ exchange }, say) => {
      say({ version: 1, type: 'answer', exchange: exchange + 1, body: '"later"' });
      say({ version: 1, type: 'refused', exchange: exchange + 7, code: 'no', words: 'no', retryInMs: null });
      say('shell');
      say({ version: 1, type: 'boot', bootSpec: '{}' });
      say({ version: 1, type: 'answer', exchange, body: '"mine"' });
    });
    expect(await host.ask('confirm', {})).toBe('"mine"');
    expect(noise).toHaveLength(1);
  });

  test('given a question that was begun / when its answer came before anybody waited / then it is heard at once, and nothing was said twice', async () => {
    const { host, sent, state } = worldOf(({ exchange }, say) => {
      say({ version: 1, type: 'answer', exchange, body: '"early"' });
    });
    const answer = host.begin('challenge', {});
    expect(sent).toHaveLength(1);
    expect(await answer()).toBe('"early"');
    expect({ said: sent.length, waitedMs: state.nowMs }).toEqual({ said: 1, waitedMs: 0 });
  });

  test('given a question that was begun / when another host came before anybody waited / then that one is asked too', async () => {
    let times = 0;
    const { host, state } = worldOf(({ exchange }, say, world) => {
      times += 1;
      if (times === 2) say({ version: 1, type: 'answer', exchange, body: '{}' });
      else queueMicrotask(() => queueMicrotask(world.come));
    });
    const answer = host.begin('release', {});
    await new Promise(setImmediate);
    await answer();
    expect(times).toBe(2);
    expect(state.nowMs).toBeLessThan(1_100);
  });

  test('given the network refuses / when it was asked / then its code, words and patience are known', async () => {
    const { host } = worldOf(({ exchange }, say) =>
      say({ version: 1, type: 'refused', exchange, code: 'consent-needed', words: 'ask the owner', retryInMs: 5_000 }),
    );
    await expect(host.ask('release', {})).rejects.toMatchObject({ code: 'consent-needed', retryInMs: 5_000 });
  });

  test('given keys that came while something else was waited for / when they are asked for / then the newest is there, once', async () => {
    const { host } = worldOf(({ exchange }, say) => {
      say({ version: 1, type: 'access', envelope: '"older"' });
      say({ version: 1, type: 'access', envelope: '"newer"' });
      say({ version: 1, type: 'answer', exchange, body: '{}' });
    });
    await host.ask('confirm', {});
    expect(await host.access(10)).toBe('"newer"');
    expect(await host.access(10)).toBeNull();
  });
});
