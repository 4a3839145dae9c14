import { describe, expect, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { minerId, otherMinerId } from '../../../../test/domain/samples.ts';
import {
  boot,
  endpoint,
  happened,
  hasFailed,
  isRunning,
  isStopped,
  report,
  until,
} from '../../../../test/domain/vm-story.ts';
import type { VmEvent } from './events.ts';
import { vm } from './index.ts';

describe('a report of the miner', () => {
  test('given a boot / when its miner starts it and it answers / then it starts, then runs', () => {
    given(vm, ...until.placed)
      .when(report(1, { phase: 'starting', bootId: boot(1) }))
      .thenEvents(happened.starting(1));
    given(vm, ...until.placed, happened.starting(1))
      .when(report(2, isRunning()))
      .thenEvents(happened.running(2));
  });

  test('given it runs / when the miner says so again / then nothing, but a new endpoint is news', () => {
    given(vm, ...until.running)
      .when(report(3, isRunning()))
      .thenNothing();
    const moved = { ...endpoint, port: 2202 };
    given(vm, ...until.running)
      .when(report(3, isRunning(1, moved, 'k')))
      .thenEvents(happened.running(3, 1, moved, 'k'));
  });

  test('given a report was taken / when an older one arrives, of this life of the agent or an earlier / then nothing', () => {
    for (const sequence of [1, 2]) {
      given(vm, ...until.running)
        .when(report(sequence, isStopped('crash')))
        .thenNothing();
    }
    given(vm, ...until.running)
      .when(report(99, isStopped('crash'), { agentEpoch: 0 }))
      .thenNothing();
  });

  test('given a later life of the agent / when its first report arrives / then it is newer', () =>
    given(vm, ...until.running)
      .when(report(1, isStopped('requested'), { agentEpoch: 2 }))
      .thenEvents(happened.stopped(1, 'requested', 1, 2)));

  test('given a generation / when a miner that does not hold it reports / then that is refused and says who does', () => {
    for (const stranger of [{ minerId: otherMinerId }, { generation: 2 }, { generation: 0 }]) {
      given(vm, ...until.running)
        .when(report(3, isStopped('crash'), stranger))
        .thenRefused('stale-generation', new RegExp(`${minerId} with generation 1 holds`));
    }
    given(vm, ...until.proposed)
      .when(report(3, isRunning()))
      .thenRefused('stale-generation', /no miner holds it/);
  });

  test('given a newer boot / when the old one is reported in any way / then nothing', () => {
    const rebooted = [...until.running, happened.bootAuthorized(2, 'owner-reboot')];
    for (const observation of [isRunning(), isStopped('crash'), hasFailed('x', '')]) {
      given(vm, ...rebooted)
        .when(report(3, observation))
        .thenNothing();
    }
  });

  test('given it is terminated / when its miner still reports it / then that is refused, but its absence is agreed', () => {
    const terminated: readonly VmEvent[] = [...until.running, { type: 'VmTerminated', diskRemoved: true }];
    given(vm, ...terminated)
      .when(report(3, isRunning()))
      .thenRefused('vm-terminated', /must remove it/);
    given(vm, ...terminated)
      .when(report(3, { phase: 'absent' }))
      .thenNothing();
  });

  test('given it shall exist / when its miner says it holds no disk / then that is a failure, not a termination', () => {
    const detail = expect.stringContaining('nobody asked it to remove one');
    given(vm, ...until.running)
      .when(report(3, { phase: 'absent' }))
      .thenEvents(happened.failed(3, 'removed-by-miner', detail));
  });

  test('given it is being removed / when the failure of its boot is reported again and again / then it is recorded once', () => {
    const failure = hasFailed('no-disk-space', 'needs 1 GiB');
    const removing = [...until.running, happened.terminationRequested];
    const failed = happened.failed(3, 'no-disk-space', 'needs 1 GiB');
    given(vm, ...removing)
      .when(report(3, failure))
      .thenEvents(failed);
    given(vm, ...removing, failed)
      .when(report(4, failure))
      .thenNothing();
  });

  test('given a boot that was called over / when it runs after all and ends / then that is recorded again', () =>
    given(vm, ...until.running, happened.stopped(3, 'guest-shutdown'), happened.running(4))
      .when(report(5, isStopped('guest-shutdown')))
      .thenEvents(happened.stopped(5, 'guest-shutdown')));

  test('given another miner holds it now / when that one reports for the first time / then its count is its own', () => {
    const moved: VmEvent = { ...happened.placed, minerId: otherMinerId, generation: 2 };
    given(vm, ...until.running, moved)
      .when(report(1, hasFailed('x', 'y'), { minerId: otherMinerId, generation: 2 }))
      .thenEvents({ ...happened.failed(1, 'x', 'y'), minerId: otherMinerId, generation: 2 });
  });
});
