import { expect, test } from 'vitest';
import { BusUnavailable, type Clock } from '#events';
import { connectedSoon } from './bus-wait.ts';
import { busWaitMs } from './limits.ts';

/** Time passes only while somebody sleeps. */
const sleeper = (): Clock => {
  let now = 0;
  return {
    now: () => now,
    sleep: async (ms) => {
      now += ms;
    },
  };
};

test('given a server that comes a moment later / when it is connected to / then it is waited for', async () => {
  let tries = 0;
  const connect = async () => {
    tries += 1;
    if (tries < 4) throw new BusUnavailable('nobody there');
    return 'connected';
  };
  expect(await connectedSoon(sleeper(), connect)).toBe('connected');
});

test('given one that never comes / then the last error says so within the time; another fault says so at once', async () => {
  const clock = sleeper();
  await expect(connectedSoon(clock, () => Promise.reject(new BusUnavailable('nobody there')))).rejects.toThrow(
    'nobody',
  );
  expect(clock.now()).toBeLessThanOrEqual(busWaitMs);
  const fresh = sleeper();
  await expect(connectedSoon(fresh, () => Promise.reject(new Error('BUG')))).rejects.toThrow('BUG');
  expect(fresh.now()).toBe(0);
});
