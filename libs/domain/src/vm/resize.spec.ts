import { describe, expect, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { minerId, nano, noon, times } from '../../../../test/domain/samples.ts';
import { boot, happened, isStopped, report, until } from '../../../../test/domain/vm-story.ts';
import { fold } from '../decider.ts';
import { microCredits } from '../values/money.ts';
import type { VmEvent } from './events.ts';
import { vm } from './index.ts';
import { lostDeadlineMs, removalDeadlineMs, reservationDeadlineMs } from './limits.ts';
import { desiredSpec } from './spec.ts';

const stopped: readonly VmEvent[] = [...until.running, happened.stopRequested, happened.stopped(3, 'requested')];
const price = microCredits(9n);
const resize = { type: 'ResizeVm', now: noon, flavorId: 'double', size: times(2, nano), pricePerHour: price } as const;
const wanted: VmEvent = {
  ...{ type: 'VmResizeRequested', minerId, generation: 2, flavorId: 'double', size: times(2, nano) },
  ...{ pricePerHour: price, deadlineAt: noon + reservationDeadlineMs },
};
const resized: VmEvent = { type: 'VmResized', minerId, generation: 2, flavorId: 'double', size: times(2, nano) };
const confirm = { type: 'ConfirmPlacement', now: noon, minerId, generation: 2, nextBootId: boot(7) } as const;
const answer = { now: noon, generation: 2, code: 'memory', detail: 'no room' } as const;
const refuse = { type: 'RefuseResize', ...answer, nextBootId: boot(7) } as const;
const refused: VmEvent = { type: 'VmResizeRefused', generation: 2, code: 'memory', detail: 'no room' };
const authorized = (generation: number): VmEvent =>
  ({
    ...happened.bootAuthorized(2, 'owner-start', boot(7)),
    ...({ generation } as { readonly generation: number }),
  }) as VmEvent;

describe('resizing a VM', () => {
  test('given a stopped VM / when it is resized / then a new generation of it is wanted, on the miner with its disk', () =>
    given(vm, ...stopped)
      .when(resize)
      .thenEvents(wanted));

  test('given a VM that runs, or waits for a miner / then it is refused: stop it first', () => {
    given(vm, ...until.running)
      .when(resize)
      .thenRefused('vm-not-stopped', /stop it first/);
    given(vm, ...until.running, happened.stopRequested)
      .when(resize)
      .thenRefused('vm-not-stopped');
    given(vm, ...until.admitted)
      .when(resize)
      .thenRefused('vm-not-stopped');
    // It powered itself off, but shall run: its miner may be given the next boot at any moment.
    given(vm, ...until.running, happened.stopped(3, 'guest-shutdown'))
      .when(resize)
      .thenRefused('vm-not-stopped');
  });

  test('given a smaller disk / then it is refused by name', () =>
    given(vm, ...stopped)
      .when({ ...resize, size: { ...nano, diskBytes: nano.diskBytes / 2 } })
      .thenRefused('disk-never-shrinks', /1 GiB/));

  test('given a disk whose sectors have tags / then it has its size for good, and memory and processors do not', () => {
    const [requested, ...later] = stopped;
    if (requested === undefined) throw new Error('BUG: no history');
    const tagged = given(vm, requested, { type: 'VmVolumeChosen', integrity: 'hmac-sha256' }, ...later);
    tagged.when(resize).thenRefused('disk-never-grows', /new VM/);
    const size = { ...times(2, nano), diskBytes: nano.diskBytes };
    tagged.when({ ...resize, size }).thenEvents({ ...wanted, size } as VmEvent);
  });

  test('given the size it has, or is about to have / then there is nothing to do; another one waits its turn', () => {
    given(vm, ...until.running)
      .when({ ...resize, flavorId: 'nano', size: nano })
      .thenNothing();
    given(vm, ...stopped, wanted)
      .when(resize)
      .thenNothing();
    given(vm, ...stopped, wanted)
      .when({ ...resize, size: times(3, nano) })
      .thenRefused('vm-resizing');
  });

  test('given its miner has set the size aside / then it has the size, and no boot of the old one is left to start', () => {
    given(vm, ...stopped, wanted)
      .when(confirm)
      .thenEvents(resized);
    const state = fold(vm, [...stopped, wanted, resized]);
    expect(state).toMatchObject({ observed: 'stopped', flavorId: 'double', size: times(2, nano), waiting: null });
    expect(state === null ? null : desiredSpec(state, 9n)).toMatchObject({
      generation: 2,
      size: times(2, nano),
      boot: null,
    });
  });

  test('given it was refused / then it keeps its size and its generation, says why, and starts as before', () => {
    given(vm, ...stopped, wanted)
      .when(refuse)
      .thenEvents(refused);
    const kept = [...stopped, wanted, refused];
    expect(fold(vm, kept)).toMatchObject({
      ...{ observed: 'stopped', size: nano, placement: { generation: 1 }, resizeRefusal: { code: 'memory' } },
    });
    given(vm, ...kept)
      .when({ type: 'StartVm', now: noon, nextBootId: boot(7) })
      .thenEvents({ type: 'VmStartRequested' }, authorized(1));
    given(vm, ...kept)
      .when({ ...resize, size: times(3, nano) })
      .thenEvents({ ...wanted, generation: 3, size: times(3, nano) } as VmEvent);
  });

  test('given it is started while it is resized / then the boot waits for the answer, whatever that is', () => {
    const started: VmEvent = { type: 'VmStartRequested' };
    given(vm, ...stopped, wanted)
      .when({ type: 'StartVm', now: noon, nextBootId: boot(6) })
      .thenEvents(started);
    given(vm, ...stopped, wanted, started)
      .when(confirm)
      .thenEvents(resized, authorized(2));
    given(vm, ...stopped, wanted, started)
      .when(refuse)
      .thenEvents(refused, authorized(1));
  });

  test('given it is terminated while it is resized / then the new generation is what is removed', () => {
    const history = [
      ...stopped,
      wanted,
      { type: 'VmTerminationRequested', deadlineAt: noon + removalDeadlineMs } as const,
    ];
    given(vm, ...history)
      .when(confirm)
      .thenEvents(resized);
    const state = fold(vm, [...history, resized]);
    expect(state).toMatchObject({ observed: 'terminating', desired: 'absent', placement: { generation: 2 } });
    given(vm, ...history, { type: 'VmTerminated', diskRemoved: true })
      .when(confirm)
      .thenEvents({ type: 'VmPlacementDeclined', minerId, generation: 2, code: 'vm-terminated' });
  });

  test('given its miner is lost while it is resized / then the answer is kept beneath the loss', () => {
    const lost: VmEvent = { type: 'VmLost', minerId, lastSeenAt: noon, deadlineAt: noon + lostDeadlineMs };
    given(vm, ...stopped, wanted, lost)
      .when(confirm)
      .thenEvents(resized);
    expect(fold(vm, [...stopped, wanted, lost, resized])).toMatchObject({
      observed: 'lost',
      observedBeforeLost: 'stopped',
    });
    given(vm, ...stopped, lost)
      .when(resize)
      .thenRefused('vm-not-stopped', /lost/);
  });

  test('given a report while it is resized / then it changes nothing; one of the old generation is refused afterwards', () => {
    given(vm, ...stopped, wanted)
      .when(report(4, isStopped('crash')))
      .thenNothing();
    given(vm, ...stopped, wanted, resized)
      .when(report(4, isStopped('crash')))
      .thenRefused('stale-generation');
    given(vm, ...stopped, wanted, resized)
      .when(report(4, isStopped('crash'), { generation: 2 }))
      .thenNothing();
  });
});
