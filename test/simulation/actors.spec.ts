import { expect, test } from 'vitest';
import { type DomainEvent, type Position, type RecordedEvent, readPageEventsMax } from '#events';
import { defaultPlan } from './plan.ts';
import { simulate } from './simulate.ts';

type EventType = DomainEvent['type'];

/** Who each event may name, as far as the simulated network records it. People of the simulator are all `owner`. */
const people: readonly EventType[] = [
  ...(['AccountOpened', 'CreditsDeposited', 'MinerInvited', 'MinerEnrolled', 'VmRequested'] as const),
  ...(['VmStartRequested', 'VmStopRequested', 'VmRebootRequested', 'VmTerminationRequested'] as const),
];
const reports: readonly EventType[] = [
  ...(['MinerAttached', 'CapacityDeclared', 'VmStarting', 'VmRunning', 'VmStopped', 'VmFailed'] as const),
];
const processes: Readonly<Partial<Record<EventType, string>>> = {
  CreditsHeld: 'vm-admission',
  HoldRefused: 'vm-admission',
  HoldReleased: 'vm-admission',
  VmAdmitted: 'vm-admission',
  VmRefused: 'vm-admission',
  VmPlacementProposed: 'vm-placement',
  VmPlacementFailed: 'vm-placement',
  VmPlaced: 'vm-placement',
  AllocationReserved: 'vm-placement',
  VmDeadlinePassed: 'deadlines',
  MinerLost: 'miner-watch',
  MinerReturned: 'miner-watch',
  VmLost: 'miner-lost',
};

test('given a full run of the simulated network, then every event names who did it, and the right one', async () => {
  const seen = new Set<string>();
  const see = ({ type, actor, stream, data }: RecordedEvent): void => {
    const where = `${type} on ${stream}`;
    seen.add(type);
    const [kind = '', name = ''] = actor.split(':');
    expect(actor, where).toMatch(/^(owner|operator|miner|process|system):[a-z0-9-]+$/);
    expect(name, where).not.toMatch(/unknown|undefined|null/);
    if (people.includes(type as EventType)) expect(kind, where).toBe('owner');
    if (reports.includes(type as EventType)) {
      expect(actor, where).toBe(`miner:${'minerId' in data ? data.minerId : stream.slice('miner-'.length)}`);
    }
    const process = processes[type as EventType];
    // What nobody stands behind any more the reconciler gives back.
    if (process !== undefined) expect([`process:${process}`, 'process:reconciler'], where).toContain(actor);
  };
  for (let seed = 1; seed <= 3; seed += 1) {
    await simulate({ ...defaultPlan, seed }, async (store) => {
      for (let after: Position | null = null; ; ) {
        const page = await store.readAll({ after, limit: readPageEventsMax });
        for (const event of page.events) see(event);
        if (page.end) return;
        after = page.next;
      }
    });
  }
  for (const type of [...people, 'VmRunning', 'VmPlaced', 'MinerLost', 'VmDeadlinePassed'])
    expect(seen).toContain(type);
}, 60_000);
