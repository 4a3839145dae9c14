import { describe, expect, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { noon } from '../../../../test/domain/samples.ts';
import { boot, happened, isStopped, report, until } from '../../../../test/domain/vm-story.ts';
import { fold } from '../decider.ts';
import type { VmEvent } from './events.ts';
import { vm } from './index.ts';
import { stopDeadlineMs } from './limits.ts';

const now = noon;
const start = { type: 'StartVm', now, nextBootId: boot(2) } as const;
const stop = { type: 'StopVm', now, reason: 'owner' } as const;
const reboot = { type: 'RebootVm', now, nextBootId: boot(2) } as const;
const terminate = { type: 'TerminateVm', now } as const;
const stoppedByOwner: readonly VmEvent[] = [...until.running, happened.stopRequested, happened.stopped(3, 'requested')];
const terminated: readonly VmEvent[] = [
  ...until.running,
  happened.terminationRequested,
  { type: 'VmTerminated', diskRemoved: true },
];

describe('stop and start', () => {
  test('given it runs / when it is stopped / then it has a deadline to shut down', () =>
    given(vm, ...until.running)
      .when(stop)
      .thenEvents(happened.stopRequested));

  test('given it stops / when the miner says it has / then it is stopped and stays so', () =>
    given(vm, ...until.running, happened.stopRequested)
      .when(report(3, isStopped('requested')))
      .thenEvents(happened.stopped(3, 'requested')));

  test('given it is stopped / when it is started / then a new boot is authorised', () =>
    given(vm, ...stoppedByOwner)
      .when(start)
      .thenEvents({ type: 'VmStartRequested' }, happened.bootAuthorized(2, 'owner-start')));

  test('given it still stops / when it is started / then a new boot follows and the end of the old one says nothing', () => {
    const restarted: readonly VmEvent[] = [{ type: 'VmStartRequested' }, happened.bootAuthorized(2, 'owner-start')];
    given(vm, ...until.running, happened.stopRequested)
      .when(start)
      .thenEvents(...restarted);
    given(vm, ...until.running, happened.stopRequested, ...restarted)
      .when(report(3, isStopped('requested')))
      .thenNothing();
  });

  test('given it runs, or is on its way there / when it is started / then nothing', () => {
    for (const history of [[happened.requested], until.admitted, until.proposed, until.placed, until.running]) {
      given(vm, ...history)
        .when(start)
        .thenNothing();
    }
  });

  test('given no miner yet / when it is stopped / then it is placed without a boot, and a start authorises one', () => {
    const { deadlineAt } = happened.stopRequested;
    const asked: readonly VmEvent[] = [...until.proposed, { type: 'VmStopRequested', reason: 'owner', deadlineAt }];
    const confirm = {
      type: 'ConfirmPlacement',
      now,
      minerId: happened.placed.minerId,
      generation: 1,
      nextBootId: boot(1),
    } as const;
    given(vm, ...until.proposed)
      .when(stop)
      .thenEvents(happened.stopRequested);
    given(vm, ...asked)
      .when(confirm)
      .thenEvents(happened.placed);
    given(vm, ...asked, happened.placed)
      .when({ ...start, nextBootId: boot(1) })
      .thenEvents({ type: 'VmStartRequested' }, happened.bootAuthorized(1, 'owner-start'));
  });

  test('given it failed / when its owner starts it / then it gets a fresh count of crashes', () => {
    const crashed = happened.bootAuthorized(1, 'crash');
    const history = [...until.running, crashed, happened.failed(3, 'crash-loop', 'exit 1')];
    given(vm, ...history)
      .when(start)
      .thenEvents({ type: 'VmStartRequested' }, happened.bootAuthorized(2, 'owner-start'));
    expect(fold(vm, [...history, { type: 'VmStartRequested' }])?.crashBootsAt).toEqual([]);
  });
});

describe('reboot', () => {
  test('given it runs / when it is rebooted / then a new boot replaces the old one', () =>
    given(vm, ...until.running)
      .when(reboot)
      .thenEvents({ type: 'VmRebootRequested' }, happened.bootAuthorized(2, 'owner-reboot')));

  test('given it does not run / when it is rebooted / then that is refused and says to start it', () => {
    for (const history of [
      [happened.requested],
      until.placed,
      [...until.running, happened.stopRequested],
      stoppedByOwner,
    ]) {
      given(vm, ...history)
        .when(reboot)
        .thenRefused('vm-not-running', /start it instead/);
    }
  });
});

describe('terminate', () => {
  test('given no miner was told of it / when it is terminated / then it is gone at once', () => {
    for (const history of [[happened.requested], until.admitted, until.proposed]) {
      given(vm, ...history)
        .when(terminate)
        .thenEvents(happened.terminationRequested, { type: 'VmTerminated', diskRemoved: false });
    }
  });

  test('given it runs / when it is terminated / then its miner is waited for until the disk is gone', () => {
    given(vm, ...until.running)
      .when(terminate)
      .thenEvents(happened.terminationRequested);
    given(vm, ...until.running, happened.terminationRequested)
      .when(report(3, { phase: 'absent' }))
      .thenEvents({ type: 'VmTerminated', diskRemoved: true });
  });

  test('given it is terminated / when its owner uses it / then that is refused', () => {
    for (const command of [start, stop, reboot])
      given(vm, ...terminated)
        .when(command)
        .thenRefused('vm-terminated');
    given(vm, ...terminated)
      .when(terminate)
      .thenNothing();
  });
});

describe('deadlines', () => {
  const deadlineAt = happened.stopRequested.deadlineAt;
  const raise = { type: 'RaiseVmDeadline', now: noon + stopDeadlineMs, waitingFor: 'stop', deadlineAt } as const;
  const stopping = [...until.running, happened.stopRequested];

  test('given a wait / when its deadline comes / then it is raised, once', () =>
    given(vm, ...stopping)
      .when(raise)
      .thenEvents({ type: 'VmDeadlinePassed', waitingFor: 'stop', deadlineAt }));

  test('given a wait / when its deadline is early, over, or another one / then nothing', () => {
    given(vm, ...stopping)
      .when({ ...raise, now: raise.now - 1 })
      .thenNothing();
    given(vm, ...stopping, happened.stopped(3, 'requested'))
      .when(raise)
      .thenNothing();
    given(vm, ...stopping)
      .when({ ...raise, deadlineAt: deadlineAt - 1 })
      .thenNothing();
    given(vm, ...stopping)
      .when({ ...raise, waitingFor: 'boot' })
      .thenNothing();
  });
});
