import { describe, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { noon, uuid } from '../../../../test/domain/samples.ts';
import { boot, happened, holdId, isStopped, report, request, until } from '../../../../test/domain/vm-story.ts';
import type { VmEvent } from './events.ts';
import { vm } from './index.ts';

const now = noon;
const start = { type: 'StartVm', now, nextBootId: boot(2) } as const;
const stop = { type: 'StopVm', now, reason: 'owner' } as const;
const reboot = { type: 'RebootVm', now, nextBootId: boot(2) } as const;
const terminate = { type: 'TerminateVm', now } as const;

describe('requesting a VM', () => {
  test('given nothing / when it is requested / then it waits for its account', () =>
    given(vm).when(request).thenEvents(happened.requested));

  test('given it was requested / when the same request comes later / then nothing', () =>
    given(vm, ...until.running)
      .when({ ...request, now: now + 5 })
      .thenNothing());

  test('given it was requested / when its id comes with other content / then that is refused', () => {
    const changes = [
      { name: 'web-2' },
      { accountId: uuid<typeof request.accountId>(12) },
      { flavorId: 'micro' },
      { size: { ...request.size, vcpus: 2 } },
      { restartPolicy: 'never' as const },
      { sshPublicKeys: [] },
    ];
    for (const change of changes) {
      given(vm, happened.requested)
        .when({ ...request, ...change })
        .thenRefused('vm-exists-with-other-content', /new vmId/);
    }
  });

  test('given a name that no host can have / when it is requested / then that is refused', () => {
    for (const name of ['', '-a', 'a-', 'A', 'a.b', 'a b', 'ä', 'a\n', 'x'.repeat(64)]) {
      given(vm)
        .when({ ...request, name })
        .thenRefused('invalid-name', /1 to 63/);
    }
  });

  test('given nothing / when anything else is asked of it / then it is not found', () => {
    for (const command of [start, stop, reboot, terminate, report(1, isStopped('crash'))]) {
      given(vm).when(command).thenRefused('vm-not-found');
    }
  });
});

describe('admission', () => {
  const admit = { type: 'AdmitVm', now, holdId } as const;
  const refuse = { type: 'RefuseVm', now, code: 'insufficient-credits', detail: 'needs 10 credits' } as const;
  const refused: VmEvent = { type: 'VmRefused', code: 'insufficient-credits', detail: 'needs 10 credits' };

  test('given a hold / when it is admitted / then it waits for a miner', () =>
    given(vm, happened.requested).when(admit).thenEvents(happened.admitted));

  test('given too few credits / when it is refused / then it ends', () =>
    given(vm, happened.requested).when(refuse).thenEvents(refused));

  test('given it was answered / when another answer comes / then nothing', () => {
    given(vm, ...until.admitted)
      .when(refuse)
      .thenNothing();
    given(vm, happened.requested, refused).when(admit).thenNothing();
  });

  test('given it was refused / when its owner starts, stops or reboots it / then that is refused', () => {
    for (const command of [start, stop, reboot])
      given(vm, happened.requested, refused).when(command).thenRefused('vm-refused');
    given(vm, happened.requested, refused).when(terminate).thenNothing();
  });
});
