import { expect, test } from 'vitest';
import type { DomainEvent, RecordedEvent } from '#events';
import { drawPlan } from '../simulation/plan.ts';
import { simulate } from '../simulation/simulate.ts';
import { everythingIn, readRecorded, recordedDir } from './recorded.ts';

type EventType = DomainEvent['type'];

/** Who each event may name, as far as the simulated network records it. People of the simulator are all `owner`. */
const people: readonly EventType[] = [
  ...(['AccountOpened', 'CreditsDeposited', 'MinerInvited', 'MinerEnrolled', 'VmRequested'] as const),
  ...(['VmStartRequested', 'VmStopRequested', 'VmRebootRequested', 'VmTerminationRequested'] as const),
];
const reports: readonly EventType[] = [
  ...(['MinerAttached', 'CapacityDeclared', 'VmStarting', 'VmRunning', 'VmStopped', 'VmFailed'] as const),
];
const byConsumers: readonly EventType[] = ['EventParked', 'ParkedEventHandled', 'ParkedEventRetryFailed'];
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

const see = ({ type, actor, stream, data }: RecordedEvent): void => {
  const where = `${type} on ${stream}`;
  const [kind = '', name = ''] = actor.split(':');
  expect(actor, where).toMatch(/^(owner|operator|miner|process|system):[a-z0-9-]+$/);
  expect(name, where).not.toMatch(/unknown|undefined|null/);
  if (people.includes(type as EventType)) expect(kind, where).toBe('owner');
  if (reports.includes(type as EventType)) {
    expect(actor, where).toBe(`miner:${'minerId' in data ? data.minerId : stream.slice('miner-'.length)}`);
  }
  const process = processes[type as EventType];
  // A resize exchanges a hold and an allocation, and what nobody stands behind any more the reconciler gives back.
  const others = ['HoldReleased', 'CreditsHeld', 'AllocationReserved'].includes(type) ? ['process:vm-resize'] : [];
  if (process !== undefined) expect([`process:${process}`, 'process:reconciler', ...others], where).toContain(actor);
  if (byConsumers.includes(type as EventType)) {
    expect(actor, where).toBe(`process:${stream.slice('parked-'.length)}`);
  }
};

test.each(readRecorded(recordedDir(process.cwd())).map(({ name, log }) => [name, log] as const))(
  'given the recorded history %s, then every event names who did it, and the right one',
  (_name, log) => {
    expect(log.length).toBeGreaterThan(20);
    for (const event of log) see(event);
  },
);

test('given full runs of the simulated network, then every event names who did it, and the right one', async () => {
  const seen = new Set<string>();
  for (const seed of [8, 9, 10]) {
    await simulate(
      drawPlan(seed),
      () => undefined,
      async (store) => {
        for await (const event of everythingIn(store)) {
          see(event);
          seen.add(event.type);
        }
      },
    );
  }
  for (const type of ['VmRequested', 'VmRunning', 'VmPlaced', 'CreditsHeld']) expect(seen).toContain(type);
});
