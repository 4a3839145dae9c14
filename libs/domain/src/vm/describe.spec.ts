import { describe, expect, test } from 'vitest';
import { minerId, noon } from '../../../../test/domain/samples.ts';
import { happened, until } from '../../../../test/domain/vm-story.ts';
import { fold } from '../decider.ts';
import { describeVm, type VmDescription } from './describe.ts';
import type { VmEvent } from './events.ts';
import { vm } from './index.ts';

const told = (...history: readonly VmEvent[]): VmDescription => {
  const state = fold(vm, history);
  if (state === null) throw new Error('the history has no VmRequested');
  return describeVm(state);
};

const noFit = (reasons: Readonly<Record<string, number>>): VmEvent => ({
  type: 'VmPlacementFailed',
  reasons,
  snapshotPosition: '7',
});
const lost: VmEvent = { type: 'VmLost', minerId, lastSeenAt: noon, deadlineAt: noon };

describe('what is said of a VM', () => {
  test.each<[said: string, history: readonly VmEvent[]]>([
    ['waiting for its account to set the first credits aside', [happened.requested]],
    [
      'refused before anything was made: needs 10 credits',
      [happened.requested, { type: 'VmRefused', code: 'insufficient-credits', detail: 'needs 10 credits' }],
    ],
    ['waiting for a miner with 1 vCPU, 256 MiB of memory, 1 GiB of disk', until.admitted],
    [
      'waiting for a miner with 1 vCPU, 256 MiB of memory, 1 GiB of disk: there is no miner yet',
      [...until.admitted, noFit({})],
    ],
    [
      'waiting for a miner with 1 vCPU, 256 MiB of memory, 1 GiB of disk: 2 lack memory, 1 is not attached, 1 is distrusted, 3 say haunted',
      [...until.admitted, noFit({ memory: 2, 'not-attached': 1, distrusted: 1, haunted: 3 })],
    ],
    [`waiting for miner ${minerId} to set 1 vCPU, 256 MiB of memory, 1 GiB of disk aside`, until.proposed],
    [`waiting for its miner ${minerId} to begin boot 1`, until.placed],
    [`its miner ${minerId} has started it; its guest has not answered yet`, [...until.placed, happened.starting(1)]],
    [`running on miner ${minerId}, ssh at 192.0.2.7 port 2201`, until.running],
    [`asked to shut down; its miner ${minerId} ends it if it does not`, [...until.running, happened.stopRequested]],
    ['stopped; it has not run yet', [...until.proposed, happened.placed]],
    ['stopped: it was asked to', [...until.running, happened.stopped(3, 'requested')]],
    ['stopped: it was shut down from inside', [...until.running, happened.stopped(3, 'guest-shutdown')]],
    ['stopped: it crashed (exit 0)', [...until.running, happened.stopped(3, 'crash')]],
    ['stopped: its host was shutting down', [...until.running, happened.stopped(3, 'host-shutdown')]],
    ['stopped: its host was restarted', [...until.running, happened.stopped(3, 'host-reboot')]],
    ['failed: needs 1 GiB', [...until.placed, happened.failed(1, 'no-disk-space', 'needs 1 GiB')]],
    [
      `its miner ${minerId} has not been heard since 2026-01-31T12:00:00.000Z: its disk is there, nothing was destroyed`,
      [...until.running, lost],
    ],
    [
      `waiting for its miner ${minerId} to end it and remove its disk`,
      [...until.running, happened.terminationRequested],
    ],
    ['gone, and so is its disk', [...until.running, { type: 'VmTerminated', diskRemoved: true }]],
    ['gone; no miner ever had a disk of it', [...until.admitted, { type: 'VmTerminated', diskRemoved: false }]],
  ])('%s', (said, history) => expect(told(...history).observed).toBe(said));

  test('given what is wanted / then that is a sentence of its own', () => {
    expect(told(...until.running).desired).toBe('it shall run');
    expect(told(...until.running, happened.stopRequested).desired).toBe('it shall be stopped, with its disk kept');
    expect(told(...until.running, happened.terminationRequested).desired).toBe(
      'it shall be gone, with its disk removed',
    );
    expect(told(happened.requested, { type: 'VmRefused', code: 'x', detail: 'y' }).desired).toBe(
      'nothing more is wanted of it',
    );
  });

  test('given a deadline that has passed / then the sentence says so', () => {
    const deadlineAt = noon + 1;
    const late: VmEvent = { type: 'VmStopRequested', reason: 'owner', deadlineAt };
    expect(told(...until.running, late, { type: 'VmDeadlinePassed', waitingFor: 'stop', deadlineAt }).observed).toMatch(
      /ends it if it does not \(expected by 2026-01-31T12:00:00.001Z\)$/,
    );
  });
});
