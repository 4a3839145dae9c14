import { expect, test } from 'vitest';
import type { RecordedEvent, Sink } from '#events';
import { withAnswered } from './answered.ts';

const web = 'vm-0190f9d6-5c5f-7000-8000-000000000001';
const keepsNothing: Sink = { load: async () => null, apply: () => undefined, commit: () => undefined };
const noon = Date.UTC(2026, 10, 22, 12);

/** What is told of these events, each with who appended it and how many seconds after noon. */
const told = (...events: readonly (readonly [type: string, actor: string, seconds: number, stream?: string])[]) => {
  const said: string[] = [];
  const sink = withAnswered(keepsNothing, (event, ms) => said.push(`${event} ${ms / 1_000}`));
  for (const [type, actor, seconds, stream = web] of events) {
    sink.apply({ stream, type, actor, recordedAt: new Date(noon + seconds * 1_000).toISOString() } as RecordedEvent);
  }
  return said;
};

test('given a VM that is asked for / when its miner first reports of it / then the time between is told, once', () => {
  const events = told(
    ['VmRequested', 'owner:ada', 0],
    ['VmPlaced', 'process:vm-placement', 2],
    ['VmStarting', 'miner:m', 3],
    ['VmRunning', 'miner:m', 20],
  );
  expect(events).toEqual(['VmRequested 3']);
});

test('given a stop that is asked for twice / when the miner reports / then the last asking counts, and other VMs do not', () => {
  const other = web.replace(/1$/, '2');
  const events = told(
    ['VmStopRequested', 'owner:ada', 0],
    ['VmStopRequested', 'owner:ada', 5],
    ['VmStopped', 'miner:m', 6, other],
    ['VmStopped', 'miner:m', 9],
  );
  expect(events).toEqual(['VmStopRequested 4']);
});

test('given a VM that is refused / when much later a report comes / then it answers nothing', () => {
  const events = told(
    ['VmRequested', 'owner:ada', 0],
    ['VmRefused', 'process:vm-admission', 1],
    ['VmFailed', 'miner:m', 90],
  );
  expect(events).toEqual([]);
});

test('given what was asked before this began / when a report comes / then there is nothing to tell', () => {
  expect(told(['VmRunning', 'miner:m', 4])).toEqual([]);
});
