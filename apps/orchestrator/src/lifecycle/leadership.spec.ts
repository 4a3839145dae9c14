import { describe, expect, it, onTestFinished } from 'vitest';
import { createManualClock, createMemoryLeases } from '#adapters/memory';
import { silentLog } from '#edge';
import { createLeadership } from './leadership.ts';
import { leaseMs, leaseRenewMs, leaseRetryMs } from './limits.ts';

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
});
