import { describe, expect, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { minerId, noon, otherMinerId } from '../../../../test/domain/samples.ts';
import { backUp, backupId, kept, manifestSha256, restore, untilKept } from '../../../../test/domain/vm-backup-story.ts';
import { confirm, headerSha256, release, sealed } from '../../../../test/domain/vm-sealed-story.ts';
import { boot, happened, isRunning, report, type VmEventOf } from '../../../../test/domain/vm-story.ts';
import { fold } from '../decider.ts';
import type { VmEvent } from './events.ts';
import { vm } from './index.ts';
import { bootDeadlineMs, lostDeadlineMs } from './limits.ts';
import { desiredSpec, formerSpecs } from './spec.ts';

const { backedUp } = untilKept;
const elsewhere = kept.restoreRequested();
const here = kept.restoreRequested(2, { minerId, replaces: 1 });
const placed = (on = otherMinerId): VmEvent => ({ ...happened.placed, minerId: on, generation: 2 });
const restored: readonly VmEvent[] = [...backedUp, elsewhere, placed()];
const confirmPlacement = (on = otherMinerId) =>
  ({ type: 'ConfirmPlacement', now: noon, minerId: on, generation: 2, nextBootId: boot(7) }) as const;
const of2 = { generation: 2, minerId: otherMinerId } as const;
const authorized: VmEventOf<'BootAuthorized'> = {
  ...{ type: 'BootAuthorized', generation: 2, bootEpoch: 2, bootId: boot(2), cause: 'owner-start' },
  ...{ authorizedAt: noon, deadlineAt: noon + bootDeadlineMs },
};
/** Started on the other miner, its key released for the disk that is known. */
const opened: readonly VmEvent[] = [
  ...restored,
  { type: 'VmStartRequested' },
  authorized,
  sealed.specified(2, { generation: 2 }),
  sealed.released(2, { ...of2, mode: 'unlock', headerSha256 }),
];
const again: VmEvent = { ...authorized, bootEpoch: 3, bootId: boot(3) };
const stateOf = (...history: readonly VmEvent[]) => {
  const state = fold(vm, history);
  if (state === null) throw new Error('BUG: no VM');
  return state;
};
const former = (...history: readonly VmEvent[]) => formerSpecs(stateOf(...history), 9n);

describe('a restore', () => {
  test('given a backup / when it is restored here or elsewhere / then it is a new generation, which has its room set aside', () => {
    given(vm, ...backedUp)
      .when(restore(1, { minerId: otherMinerId }))
      .thenEvents(elsewhere);
    given(vm, ...backedUp)
      .when(restore())
      .thenEvents(here);
    given(vm, ...backedUp, elsewhere)
      .when(confirmPlacement())
      .thenEvents(placed());
  });

  test('given no such backup, a VM that runs, or one that is being restored / then it is refused by name', () => {
    given(vm, ...backedUp)
      .when(restore(9))
      .thenRefused('backup-not-found', /hcc vm backups/);
    given(vm, ...backedUp, { type: 'VmStartRequested' }, happened.bootAuthorized(2, 'owner-start'))
      .when(restore())
      .thenRefused('vm-not-stopped');
    given(vm, ...backedUp, elsewhere)
      .when(restore())
      .thenRefused('vm-restoring');
    given(vm, ...backedUp, elsewhere)
      .when({ type: 'StartVm', now: noon, nextBootId: boot(7) })
      .thenRefused('vm-restoring');
  });

  test('given a miner without the room / then the VM is where it was, with the disk it had, and why is told', () => {
    const { code, detail } = kept.restoreRefused();
    given(vm, ...backedUp, elsewhere)
      .when({ type: 'RejectPlacement', now: noon, minerId: otherMinerId, generation: 2, code })
      .thenEvents(kept.restoreRefused());
    expect(stateOf(...backedUp, elsewhere, kept.restoreRefused())).toMatchObject({
      ...{ observed: 'stopped', restore: null, restoreRefusal: { code, detail }, restored: null },
      placement: { minerId, generation: 1 },
    });
  });

  test('given it is placed / then its miner makes the disk of it before the first boot, by the digest that the event has', () => {
    const spec = (...history: readonly VmEvent[]) => desiredSpec(stateOf(...history), 9n);
    const wanted = { backupId: backupId(), manifestSha256, generation: 2 };
    expect(spec(...restored)).toMatchObject({ generation: 2, desired: 'stopped', boot: null, restore: wanted });
    expect(spec(...opened)).toMatchObject({ desired: 'running', boot: { bootId: boot(2) }, restore: wanted });
    const next = [...opened, sealed.confirmed(2, 2, of2), again];
    expect(spec(...next)).not.toHaveProperty('restore');
  });

  test('given a guest has opened it and was stopped / then there is nothing to restore any more, and it may be backed up again', () => {
    const down = { type: 'VmStopped', bootId: boot(2), cause: 'requested', detail: '', ...of2 } as const;
    const since: readonly VmEvent[] = [
      ...[...opened, sealed.confirmed(2, 2, of2), happened.stopRequested],
      { ...down, agentEpoch: 1, sequence: 9 },
    ];
    expect(desiredSpec(stateOf(...since), 9n)).not.toHaveProperty('restore');
    given(vm, ...since)
      .when(backUp(2))
      .thenEvents(kept.requested(2));
  });

  test('given the old generation / then no report and no guest of it counts any more', () => {
    given(vm, ...opened)
      .when(report(9, isRunning()))
      .thenRefused('stale-generation');
    given(vm, ...opened)
      .when(release(1))
      .thenRefused('stale-generation');
  });

  test('given its guest says an older count / then its owner consents, and only then it goes on', () => {
    const older = [...opened, happened.starting(1, 2)];
    const opensAt = (counter: number) => confirm(2, counter, of2);
    // The backup is of a disk that was opened once; the guest that opens it writes the next number before it asks.
    given(vm, ...older)
      .when(opensAt(2))
      .thenEvents(sealed.confirmed(2, 2, of2));
    const since: readonly VmEvent[] = [
      ...backedUp,
      ...[{ type: 'VmStartRequested' } as const, happened.bootAuthorized(2, 'owner-start'), sealed.specified(2)],
      ...[sealed.released(2, { mode: 'unlock', headerSha256 }), sealed.confirmed(2, 2)],
      ...[happened.stopRequested, happened.stopped(9, 'requested', 2), elsewhere, placed()],
      ...[{ type: 'VmStartRequested' } as const, again],
      ...[sealed.specified(3, { generation: 2 }), sealed.released(3, { ...of2, mode: 'unlock', headerSha256 })],
    ];
    given(vm, ...since)
      .when(confirm(3, 2, of2))
      .thenOnce('volume-older', sealed.suspected(2, 2, 3));
    given(vm, ...since, sealed.suspected(2, 2, 3), sealed.rollbackAllowed(2, 3))
      .when(confirm(3, 2, of2))
      .thenEvents(sealed.confirmed(3, 3, of2));
    given(vm, ...since)
      .when(confirm(3, 2, { ...of2, headerSha256: '9'.repeat(64) }))
      .thenRefused('volume-header-other');
  });
});

describe('a miner that held it before', () => {
  test('given a restore elsewhere / then it runs nothing, and keeps its disk until a guest has opened the other', () => {
    expect(former(...restored)).toMatchObject([{ minerId, spec: { generation: 1, desired: 'stopped', boot: null } }]);
    expect(former(...opened)).toMatchObject([{ spec: { desired: 'stopped' } }]);
    const confirmed = [...opened, sealed.confirmed(2, 2, of2)];
    expect(former(...confirmed)).toMatchObject([{ minerId, spec: { generation: 1, desired: 'absent', boot: null } }]);
    expect(former(...restored, happened.terminationRequested)).toMatchObject([{ spec: { desired: 'absent' } }]);
    for (const { spec } of former(...confirmed)) {
      for (const secret of ['sealed', 'backup', 'restore', 'keptBackups']) expect(spec).not.toHaveProperty(secret);
    }
  });

  test('given it has removed what it had / then that is told once, and nothing more is asked of it', () => {
    const confirmed = [...opened, sealed.confirmed(2, 2, of2)];
    given(vm, ...confirmed)
      .when(report(9, { phase: 'absent' }))
      .thenEvents(kept.copyRemoved());
    expect(former(...confirmed, kept.copyRemoved())).toEqual([]);
  });

  test('given it is lost / when the VM is restored elsewhere / then it boots there at once; onto itself is refused', () => {
    const deadlineAt = noon + lostDeadlineMs;
    const lost: readonly VmEvent[] = [
      ...[...backedUp, { type: 'VmStartRequested' } as const, happened.bootAuthorized(2, 'owner-start')],
      { type: 'VmLost', minerId, lastSeenAt: noon, deadlineAt },
    ];
    given(vm, ...lost)
      .when(restore())
      .thenRefused('miner-lost', /onto another one/);
    const asked = [...lost, kept.restoreRequested()];
    const events = vm.decide(fold(vm, asked), confirmPlacement());
    expect(events).toMatchObject([
      { type: 'VmPlaced', minerId: otherMinerId, generation: 2 },
      { type: 'BootAuthorized', generation: 2 },
    ]);
    expect(stateOf(...asked, ...events)).toMatchObject({ observed: 'awaiting-boot', former: [{ minerId }] });
  });

  test('given it is lost while it makes a backup / when the VM is restored elsewhere / then nothing waits for that backup', () => {
    const lost: VmEvent = { type: 'VmLost', minerId, lastSeenAt: noon, deadlineAt: noon + lostDeadlineMs };
    const events = [...backedUp, kept.requested(2), lost, kept.restoreRequested(), placed()];
    expect(stateOf(...events)).toMatchObject({
      ...{ observed: 'stopped', backup: null, waiting: null, observedBeforeLost: null },
      backupFailure: { backupId: backupId(2), code: 'miner-lost' },
    });
    const spec = desiredSpec(stateOf(...events, { type: 'VmStartRequested' }, authorized), 9n);
    expect(spec).not.toHaveProperty('backup');
  });
});
