import { describe, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { minerId, noon, otherMinerId } from '../../../../test/domain/samples.ts';
import { boot, happened, until } from '../../../../test/domain/vm-story.ts';
import type { VmEvent } from './events.ts';
import { vm } from './index.ts';
import { placementDeadlineMs } from './limits.ts';

const now = noon;
const propose = { type: 'ProposePlacement', now, minerId, snapshotPosition: '7' } as const;
const confirm = { type: 'ConfirmPlacement', now, minerId, generation: 1, nextBootId: boot(1) } as const;
const reject = { type: 'RejectPlacement', now, minerId, generation: 1, code: 'memory' } as const;
const fail = { type: 'FailPlacement', now, reasons: { memory: 2 }, snapshotPosition: '7' } as const;
const rejected: VmEvent = {
  type: 'VmPlacementRejected',
  minerId,
  generation: 1,
  code: 'memory',
  deadlineAt: noon + placementDeadlineMs,
};
const failed: VmEvent = { type: 'VmPlacementFailed', reasons: { memory: 2 }, snapshotPosition: '7' };
const declined: VmEvent = { type: 'VmPlacementDeclined', minerId, generation: 1, code: 'vm-terminated' };

describe('placement of a VM', () => {
  test('given it waits for a miner / when one is proposed / then the choice is recorded before it is acted on', () =>
    given(vm, ...until.admitted)
      .when(propose)
      .thenEvents(happened.proposed()));

  test('given a proposal / when its miner reserved / then it is placed and its first boot authorised', () =>
    given(vm, ...until.proposed)
      .when(confirm)
      .thenEvents(happened.placed, happened.bootAuthorized(1, 'placed')));

  test('given a proposal / when its miner refused / then it waits again, and the next proposal has a new generation', () => {
    given(vm, ...until.proposed)
      .when(reject)
      .thenEvents(rejected);
    given(vm, ...until.proposed, rejected)
      .when({ ...propose, minerId: otherMinerId })
      .thenEvents(happened.proposed(otherMinerId, 2));
  });

  test('given no miner fits / when that is said / then once for each set of reasons', () => {
    given(vm, ...until.admitted)
      .when(fail)
      .thenEvents(failed);
    given(vm, ...until.admitted, failed)
      .when({ ...fail, snapshotPosition: '9' })
      .thenNothing();
    given(vm, ...until.admitted, failed)
      .when({ ...fail, reasons: { memory: 1, disk: 1 } })
      .thenEvents({ ...failed, reasons: { memory: 1, disk: 1 } });
  });

  test('given it does not wait for a miner / when one is proposed, or none / then nothing', () => {
    for (const history of [[happened.requested], until.proposed, until.running]) {
      given(vm, ...history)
        .when(propose)
        .thenNothing();
      given(vm, ...history)
        .when(fail)
        .thenNothing();
    }
  });

  test('given a newer proposal / when the answer to an older one comes / then it is declined, so that it is released', () => {
    const again = [...until.proposed, rejected, happened.proposed(otherMinerId, 2)];
    given(vm, ...again)
      .when(confirm)
      .thenEvents({ ...declined, code: 'stale-generation' });
    given(vm, ...again)
      .when(reject)
      .thenNothing();
  });

  test('given it was terminated while a reservation was under way / when the miner reserved / then that is declined', () => {
    const terminated: readonly VmEvent[] = [
      ...until.proposed,
      happened.terminationRequested,
      { type: 'VmTerminated', diskRemoved: false },
    ];
    given(vm, ...terminated)
      .when(confirm)
      .thenEvents(declined);
    given(vm, ...terminated)
      .when(reject)
      .thenNothing();
  });
});
