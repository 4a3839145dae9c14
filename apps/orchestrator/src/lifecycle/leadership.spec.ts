import { describe, expect, it, onTestFinished } from 'vitest';
import { createManualClock, createMemoryLeases } from '#adapters/memory';
import { type Log, silentLog } from '#edge';
import { type StoreFault, StoreUnavailable } from '#events';
import { createLeadership } from './leadership.ts';
import { leaseLastingRetryMs, leaseMs, leaseRenewMs, leaseRetryMs } from './limits.ts';

const clock = createManualClock();
const newReplica = (leases: ReturnType<typeof createMemoryLeases>, holder: string, fault?: Error) => {
  const story: string[] = [];
  const begin = () => ({
    parts: ['relay', 'placement'].map((name) => ({
      name,
      start: async () => {
        story.push(`+${name}`);
        if (fault !== undefined && name === 'placement') throw fault;
      },
      stop: async () => {
        story.push(`-${name}`);
      },
    })),
  });
  const leadership = createLeadership({ leases, clock, log: silentLog, holder, begin });
  onTestFinished(() => leadership.stop());
  return { story, leadership };
};

describe('leadership', () => {
  it('given a free lease, then the parts run here, in order, and stop in reverse', async () => {
    const { story, leadership } = newReplica(createMemoryLeases(clock), 'a');
    await leadership.start();
    expect(leadership.probe.check()).toBeNull();
    await leadership.stop();
    expect(story).toEqual(['+relay', '+placement', '-placement', '-relay']);
  });

  it('given another holder that dies, then the second one takes over when the lease has ended', async () => {
    const leases = createMemoryLeases(clock);
    await leases.acquire('orchestrator', 'dead', leaseMs);
    const { story, leadership } = newReplica(leases, 'b');
    await leadership.start();
    expect(story).toEqual([]);
    expect(leadership.probe.check()).toMatch(/another replica/);
    await clock.advance(leaseMs + leaseRetryMs);
    expect(story).toEqual(['+relay', '+placement']);
    expect(leadership.current()).not.toBeNull();
  });

  it('given a lease that another took meanwhile, then the parts stop here', async () => {
    const leases = createMemoryLeases(clock);
    const { story, leadership } = newReplica(leases, 'c');
    await leadership.start();
    await leases.release('orchestrator', 'c');
    await leases.acquire('orchestrator', 'thief', 60_000);
    await clock.advance(leaseRenewMs);
    expect(story).toEqual(['+relay', '+placement', '-placement', '-relay']);
    expect(leadership.current()).toBeNull();
  });

  it('given a part that cannot start, then the start throws and what had started is stopped', async () => {
    const { story, leadership } = newReplica(createMemoryLeases(clock), 'd', new Error('no checkpoint'));
    await expect(leadership.start()).rejects.toThrow('no checkpoint');
    expect(story).toEqual(['+relay', '+placement', '-placement', '-relay']);
  });

  it('given an orderly stop, then the next holder need not wait', async () => {
    const leases = createMemoryLeases(clock);
    const first = newReplica(leases, 'e');
    await first.leadership.start();
    await first.leadership.stop();
    const second = newReplica(leases, 'f');
    await second.leadership.start();
    expect(second.story).toEqual(['+relay', '+placement']);
  });

  /** A replica that waits for the lease of another, over a store that then fails, until it is mended. */
  const waiting = async (fault: StoreFault) => {
    const memory = createMemoryLeases(clock);
    await memory.acquire('orchestrator', 'dead', leaseMs);
    const store = { fault: null as StoreFault | null, asked: 0 };
    const logged: string[] = [];
    const log: Log = (level, message, fields) => logged.push(`${level} ${message}: ${fields?.why}`);
    const leases: typeof memory = {
      ...memory,
      acquire: async (...args) => {
        store.asked += 1;
        if (store.fault !== null) throw new StoreUnavailable(store.fault, 'as observed');
        return memory.acquire(...args);
      },
    };
    const leadership = createLeadership({ leases, clock, log, holder: 'g', begin: () => ({ parts: [] }) });
    onTestFinished(() => leadership.stop());
    await leadership.start();
    store.fault = fault;
    const pass = async (ms: number): Promise<number> => {
      store.asked = 0;
      for (let left = ms; left > 0; left -= leaseRetryMs) await clock.advance(leaseRetryMs);
      return store.asked;
    };
    return { leadership, store, logged, pass };
  };

  it('given a store whose disk is full, then that is said once with what to do, tried seldom, and goes on by itself once there is room', async () => {
    const { leadership, store, logged, pass } = await waiting('disk-full');
    expect(await pass(4 * leaseLastingRetryMs)).toBeLessThanOrEqual(5);
    expect(logged).toEqual([
      expect.stringMatching(/^error processes cannot start here.*this does not pass by itself: free space/),
    ]);
    expect(leadership.probe.check()).toMatch(/^as observed \(this does not pass by itself: free space/);
    store.fault = null;
    await pass(leaseLastingRetryMs);
    expect(leadership.current()).not.toBeNull();
    expect(leadership.probe.check()).toBeNull();
  });

  it('given a full disk that becomes another fault, then that one is said too', async () => {
    const { store, logged, pass } = await waiting('disk-full');
    await pass(2 * leaseLastingRetryMs);
    store.fault = 'refused';
    await pass(2 * leaseLastingRetryMs);
    expect(logged.filter((line) => line.startsWith('error'))).toEqual([
      expect.stringContaining('free space'),
      expect.stringContaining('give it a user with rights'),
    ]);
  });

  it('given a store that is busy, then it is tried every second and said each time', async () => {
    const { leadership, logged, pass } = await waiting('busy');
    const asked = await pass(20 * leaseRetryMs);
    expect(asked).toBeGreaterThan(15);
    expect(logged.length).toBeGreaterThan(15);
    expect(leadership.probe.check()).toBe('as observed');
  });
});
