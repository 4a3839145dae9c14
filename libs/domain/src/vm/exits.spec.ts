import { describe, expect, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { noon, uuid, vmId } from '../../../../test/domain/samples.ts';
import { boot, happened, isRunning, isStopped, report, until } from '../../../../test/domain/vm-story.ts';
import { fold } from '../decider.ts';
import { minuteMs } from '../values/time.ts';
import type { RestartPolicy, VmEvent } from './events.ts';
import { vm } from './index.ts';
import { crashRestartsMax, crashWindowMs } from './limits.ts';

describe('an exit nobody asked for', () => {
  const withPolicy = (restartPolicy: RestartPolicy): readonly VmEvent[] => [
    { ...happened.requested, restartPolicy },
    ...until.running.slice(1),
  ];
  const again = (sequence: number, cause: 'crash' | 'guest-shutdown' | 'host-reboot') =>
    happened.bootAuthorized(2, cause, boot(100 + sequence));

  test('given a policy / when the guest crashes, shuts down or loses its host / then the policy decides', () => {
    const table = [
      ['always', 'crash', true],
      ['always', 'guest-shutdown', true],
      ['always', 'host-reboot', true],
      ['on-failure', 'crash', true],
      ['on-failure', 'guest-shutdown', false],
      ['on-failure', 'host-reboot', true],
      ['never', 'crash', false],
      ['never', 'guest-shutdown', false],
      ['never', 'host-reboot', false],
    ] as const;
    for (const [policy, cause, restarts] of table) {
      given(vm, ...withPolicy(policy))
        .when(report(3, isStopped(cause)))
        .thenEvents(happened.stopped(3, cause), ...(restarts ? [again(3, cause)] : []));
    }
  });

  test('given it shall be stopped / when it crashes / then it is not started again', () =>
    given(vm, ...until.running, happened.stopRequested)
      .when(report(3, isStopped('crash')))
      .thenEvents(happened.stopped(3, 'crash')));

  test('given it was stopped and its miner, which had said that it was gone, says it runs / when it is started before it is down / then it gets a boot that follows', () => {
    const gone = report(3, { phase: 'absent' });
    const failed = vm.decide(fold(vm, until.running), gone);
    const stopped = [...until.running, ...failed, happened.stopRequested];
    const back = vm.decide(fold(vm, stopped), report(4, isRunning()));
    expect(fold(vm, [...stopped, ...back])).toMatchObject({ desired: 'stopped', observed: 'running' });
    given(vm, ...stopped, ...back)
      .when({ type: 'StartVm', now: noon, nextBootId: boot(2) })
      .thenEvents({ type: 'VmStartRequested' }, happened.bootAuthorized(2, 'owner-start'));
  });

  test('given its host shuts down / when a later life of the agent finds it / then it is booted, and not before', () => {
    const down = [...until.running, happened.stopped(3, 'host-shutdown')];
    given(vm, ...until.running)
      .when(report(3, isStopped('host-shutdown')))
      .thenEvents(happened.stopped(3, 'host-shutdown'));
    given(vm, ...down)
      .when(report(4, isStopped('host-shutdown')))
      .thenNothing();
    given(vm, ...down)
      .when(report(1, isStopped('host-reboot'), { agentEpoch: 2 }))
      .thenEvents(happened.bootAuthorized(2, 'host-reboot', boot(101)));
  });

  test('given it was stopped by its owner during a host shutdown / when the host is back / then it stays stopped', () =>
    given(vm, ...until.running, happened.stopRequested, happened.stopped(3, 'host-shutdown'))
      .when(report(1, isStopped('host-reboot'), { agentEpoch: 2 }))
      .thenNothing());
});

describe('a crash loop', () => {
  const crashes = (count: number, everyMs: number) =>
    Array.from({ length: count }, (_, index) =>
      report(
        index + 3,
        { phase: 'stopped', bootId: index === 0 ? boot(1) : boot(100 + index + 2), cause: 'crash', detail: 'panic' },
        { now: noon + index * everyMs },
      ),
    );
  const afterCrashes = (count: number, everyMs: number) => {
    const history = [...until.running];
    for (const crash of crashes(count, everyMs)) history.push(...vm.decide(fold(vm, history), crash));
    return history;
  };

  test(`given ${crashRestartsMax} crashes within ${crashWindowMs / minuteMs} minutes / when it crashes again / then it has failed and waits for its owner`, () => {
    expect(afterCrashes(crashRestartsMax, minuteMs).at(-1)).toMatchObject({ type: 'BootAuthorized', cause: 'crash' });
    const looped = afterCrashes(crashRestartsMax + 1, minuteMs);
    expect(looped.at(-1)).toMatchObject({ type: 'VmFailed', code: 'crash-loop' });
    expect(fold(vm, looped)).toMatchObject({ vmId, desired: 'running', observed: 'failed', waiting: null });
    given(vm, ...looped)
      .when({ type: 'StartVm', now: noon + crashWindowMs, nextBootId: uuid(999) })
      .thenEvents(
        { type: 'VmStartRequested' },
        happened.bootAuthorized(crashRestartsMax + 2, 'owner-start', uuid(999), noon + crashWindowMs),
      );
  });

  test('given crashes far apart / when it crashes for the tenth time / then it is still restarted', () =>
    expect(afterCrashes(10, crashWindowMs / crashRestartsMax).at(-1)).toMatchObject({ type: 'BootAuthorized' }));
});
