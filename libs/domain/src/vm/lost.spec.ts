import { describe, expect, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { minerId, noon, otherMinerId } from '../../../../test/domain/samples.ts';
import { boot, happened, isRunning, isStopped, report, until } from '../../../../test/domain/vm-story.ts';
import { fold } from '../decider.ts';
import { minuteMs } from '../values/time.ts';
import type { VmEvent } from './events.ts';
import { vm } from './index.ts';
import { lostDeadlineMs } from './limits.ts';

const now = noon;
const lose = { type: 'MarkVmLost', now, minerId, lastSeenAt: noon - minuteMs } as const;
const lost: VmEvent = { type: 'VmLost', minerId, lastSeenAt: noon - minuteMs, deadlineAt: noon + lostDeadlineMs };
const recovered: VmEvent = { type: 'VmRecovered', minerId };
const stoppedByOwner = [...until.running, happened.stopRequested, happened.stopped(3, 'requested')];

describe('a lost VM', () => {
  test('given its miner is lost / when that is said / then it is lost, once, with a day until somebody is asked', () => {
    given(vm, ...until.running)
      .when(lose)
      .thenEvents(lost);
    given(vm, ...until.running, lost)
      .when({ ...lose, lastSeenAt: noon })
      .thenNothing();
  });

  test('given another miner is lost, or it has none, or it is gone / when that is said / then nothing', () => {
    given(vm, ...until.running)
      .when({ ...lose, minerId: otherMinerId })
      .thenNothing();
    given(vm, ...until.proposed)
      .when(lose)
      .thenNothing();
    given(vm, ...until.running, { type: 'VmTerminated', diskRemoved: true })
      .when(lose)
      .thenNothing();
  });

  test('given it runs as before / when its miner is heard again / then it is recovered and running', () => {
    given(vm, ...until.running, lost)
      .when(report(3, isRunning()))
      .thenEvents(recovered);
    expect(fold(vm, [...until.running, lost, recovered])).toEqual(fold(vm, until.running));
  });

  test('given its host restarted meanwhile / when it reports / then it is recovered, stopped and booted again', () =>
    given(vm, ...until.running, lost)
      .when(report(1, isStopped('host-reboot'), { agentEpoch: 2 }))
      .thenEvents(
        recovered,
        happened.stopped(1, 'host-reboot', 1, 2),
        happened.bootAuthorized(2, 'host-reboot', boot(101)),
      ));

  test('given it waited for something / when it is recovered / then it waits for that again, with its deadline', () => {
    for (const history of [until.placed, [...until.running, happened.stopRequested]]) {
      expect(fold(vm, [...history, lost])?.waiting).toMatchObject({ for: 'miner' });
      expect(fold(vm, [...history, lost, recovered])).toEqual(fold(vm, history));
    }
  });

  test('given it runs / when its owner stops it while it is lost / then it is stopping once it is back', () => {
    given(vm, ...until.running, lost)
      .when({ type: 'StopVm', now, reason: 'owner' })
      .thenEvents(happened.stopRequested);
    expect(fold(vm, [...until.running, lost, happened.stopRequested])).toMatchObject({
      observed: 'lost',
      lastHeardAt: noon - minuteMs,
    });
    expect(fold(vm, [...until.running, lost, happened.stopRequested, recovered])).toEqual(
      fold(vm, [...until.running, happened.stopRequested]),
    );
  });

  test('given it is stopped / when its owner starts it while it is lost / then its boot waits for the miner', () => {
    const started: readonly VmEvent[] = [{ type: 'VmStartRequested' }, happened.bootAuthorized(2, 'owner-start')];
    given(vm, ...stoppedByOwner, lost)
      .when({ type: 'StartVm', now, nextBootId: boot(2) })
      .thenEvents(...started);
    expect(fold(vm, [...stoppedByOwner, lost, ...started])).toMatchObject({ desired: 'running', observed: 'lost' });
    expect(fold(vm, [...stoppedByOwner, lost, ...started, recovered])?.observed).toBe('awaiting-boot');
  });

  test('given it is terminated while it is lost / when its miner says the disk is gone / then it is', () => {
    given(vm, ...until.running, lost)
      .when({ type: 'TerminateVm', now })
      .thenEvents(happened.terminationRequested);
    given(vm, ...until.running, lost, happened.terminationRequested)
      .when(report(3, { phase: 'absent' }))
      .thenEvents(recovered, { type: 'VmTerminated', diskRemoved: true });
  });

  test('given it is lost / when it is rebooted / then that is refused, for nobody could do it', () =>
    given(vm, ...until.running, lost)
      .when({ type: 'RebootVm', now, nextBootId: boot(2) })
      .thenRefused('vm-not-running', /is lost/));

  test('given it is lost / when its day has passed / then that is raised and nothing is destroyed', () => {
    const deadlineAt = noon + lostDeadlineMs;
    given(vm, ...until.running, lost)
      .when({ type: 'RaiseVmDeadline', now: deadlineAt, waitingFor: 'miner', deadlineAt })
      .thenEvents({ type: 'VmDeadlinePassed', waitingFor: 'miner', deadlineAt });
  });
});
