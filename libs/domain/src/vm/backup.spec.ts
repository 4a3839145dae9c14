import { describe, expect, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { minerId, noon } from '../../../../test/domain/samples.ts';
import {
  backUp,
  backupId,
  copied,
  kept,
  manifestSha256,
  removeBackup,
  untilKept,
} from '../../../../test/domain/vm-backup-story.ts';
import { untilSealed } from '../../../../test/domain/vm-sealed-story.ts';
import { boot, happened, isStopped, report, until } from '../../../../test/domain/vm-story.ts';
import { fold } from '../decider.ts';
import type { BackupOutcome } from './backup-commands.ts';
import type { VmEvent } from './events.ts';
import { vm } from './index.ts';
import { backupsMax } from './limits.ts';
import { desiredSpec } from './spec.ts';

const { stopped, backedUp } = untilKept;
const underWay: readonly VmEvent[] = [...stopped, kept.requested()];
const made: BackupOutcome = { backupId: backupId(), outcome: 'made', ...copied };
const says = (backup: BackupOutcome, sequence = 4) => report(sequence, { ...stoppedNow, backup });
const stoppedNow = { phase: 'stopped', bootId: boot(1), cause: 'requested', detail: 'exit 0' } as const;
const spec = (...history: readonly VmEvent[]) => {
  const state = fold(vm, history);
  return state === null ? null : desiredSpec(state, 9n);
};

describe('a backup', () => {
  test('given a stopped VM that was opened / when it is wanted / then its miner is told, once, and starts nothing', () => {
    given(vm, ...stopped)
      .when(backUp())
      .thenEvents(kept.requested());
    given(vm, ...underWay)
      .when(backUp(2))
      .thenRefused('vm-backing-up', /is being made/);
    expect(spec(...underWay)).toMatchObject({ desired: 'stopped', backup: { backupId: backupId() }, keptBackups: [] });
    expect(spec(...underWay, { type: 'VmStartRequested' })).toMatchObject({ desired: 'stopped' });
  });

  test.each<[string, readonly VmEvent[], 'vm-not-sealed' | 'vm-not-stopped' | 'vm-never-booted' | 'vm-not-restored']>([
    ['a plain VM', [...until.running, happened.stopRequested, happened.stopped(3, 'requested')], 'vm-not-sealed'],
    ['a VM that runs', untilSealed.running, 'vm-not-stopped'],
    ['one that is being stopped', [...untilSealed.running, happened.stopRequested], 'vm-not-stopped'],
    [
      'one that may be given its next boot',
      [...untilSealed.running, happened.stopped(3, 'guest-shutdown')],
      'vm-not-stopped',
    ],
    [
      'one that never had a disk',
      [...untilSealed.placed, happened.stopRequested, happened.stopped(3, 'requested')],
      'vm-never-booted',
    ],
    [
      'one that has not opened what was restored',
      [...backedUp, kept.restoreRequested(2, { minerId, replaces: 1 }), { ...happened.placed, generation: 2 }],
      'vm-not-restored',
    ],
  ])('given %s / when a backup is wanted / then that is refused by name', (_what, history, code) =>
    given(vm, ...history)
      .when(backUp(7))
      .thenRefused(code),
  );

  test('given its miner has made it / then that is told once, with what the guest had said of the disk', () => {
    given(vm, ...underWay)
      .when(says(made))
      .thenEvents(kept.made());
    given(vm, ...backedUp)
      .when(says(made, 5))
      .thenNothing();
    given(vm, ...underWay)
      .when(says({ ...made, backupId: backupId(2) }))
      .thenNothing();
    given(vm, ...underWay)
      .when(report(4, isStopped('requested')))
      .thenNothing();
    expect(spec(...backedUp)).toMatchObject({ desired: 'stopped', keptBackups: [manifestSha256] });
    expect(spec(...backedUp)).not.toHaveProperty('backup');
  });

  test('given its miner has not / then it says why, and the VM is as it was', () => {
    const { code, detail } = kept.failed();
    given(vm, ...underWay)
      .when(says({ backupId: backupId(), outcome: 'failed', code, detail }))
      .thenEvents(kept.failed());
    const state = fold(vm, [...underWay, kept.failed()]);
    expect(state).toMatchObject({ observed: 'stopped', backup: null, backupFailure: { code }, waiting: null });
  });

  test('given a backup that failed / when a later one is made / then the failure is of the past, and cancelling it again no news', () => {
    const failed = [...underWay, kept.failed()];
    const since = [...failed, kept.requested(2), { ...kept.made(), backupId: backupId(2) }];
    expect(fold(vm, failed)).toMatchObject({ backupFailure: { madeSince: false } });
    expect(fold(vm, since)).toMatchObject({ backupFailure: { backupId: backupId(), madeSince: true } });
    const again = [...since, kept.requested(3), { ...kept.failed(), backupId: backupId(3) }];
    expect(fold(vm, again)).toMatchObject({ backupFailure: { backupId: backupId(3), madeSince: false } });
  });

  test('given its owner started it meanwhile / when the backup is over / then it boots', () =>
    given(vm, ...underWay, { type: 'VmStartRequested' })
      .when(says(made))
      .thenEvents(kept.made(), { ...happened.bootAuthorized(2, 'owner-start', boot(104)) }));

  test('given a host that holds no disk / then the backup has failed, and so has the VM', () => {
    const events = vm.decide(fold(vm, underWay), report(4, { phase: 'absent' }));
    expect(events).toMatchObject([
      { type: 'VmBackupFailed', code: 'no-disk' },
      { type: 'VmFailed', code: 'removed-by-miner' },
    ]);
  });

  test('given one that is made / when it is removed / then it counts no more, and its miner is told what is left', () => {
    const two = [...backedUp, kept.requested(2), { ...kept.made(2), manifestSha256: 'b'.repeat(64) }];
    given(vm, ...two)
      .when(removeBackup())
      .thenEvents(kept.removed());
    expect(spec(...two, kept.removed())?.keptBackups).toEqual(['b'.repeat(64)]);
    expect(spec(...two, kept.removed(), kept.removed(2))?.keptBackups, 'so that the last goes too').toEqual([]);
    given(vm, ...two)
      .when(removeBackup(7))
      .thenRefused('backup-not-found', /has no backup/);
  });

  test('given one that is being made / when it is removed / then it is cancelled, a start that waited goes on, and its miner is not heard of it', () => {
    const cancelled: VmEvent = {
      ...{ type: 'VmBackupFailed', backupId: backupId(), code: 'cancelled', detail: 'its owner cancelled it' },
    };
    given(vm, ...underWay)
      .when(removeBackup())
      .thenEvents(cancelled);
    given(vm, ...underWay, { type: 'VmStartRequested' })
      .when(removeBackup())
      .thenEvents(cancelled, { ...happened.bootAuthorized(2, 'owner-start', boot(104)) });
    given(vm, ...underWay, cancelled)
      .when(removeBackup())
      .thenNothing();
    given(vm, ...underWay, cancelled)
      .when(says(made))
      .thenNothing();
    expect(spec(...underWay, cancelled)?.backup).toBeUndefined();
  });

  test('given the one that its disk is to be made from / when it is removed / then that is refused until a guest has opened it', () => {
    const restoring = [...backedUp, kept.restoreRequested(2, { minerId, replaces: 1 })];
    for (const history of [restoring, [...restoring, { ...happened.placed, generation: 2 }]]) {
      given(vm, ...history)
        .when(removeBackup())
        .thenRefused('backup-in-use', /start the VM first/);
    }
  });

  test('given more than are kept / then the oldest goes', () => {
    const many = Array.from({ length: backupsMax + 3 }, (_, index) => kept.made(index));
    const state = fold(vm, [...stopped, ...many]);
    expect(state?.backups.map((each) => each.backupId)).toEqual(many.slice(3).map((each) => each.backupId));
  });

  test('given backups / when it is terminated / then only whoever says that they may die ends it', () => {
    given(vm, ...backedUp)
      .when({ type: 'TerminateVm', now: noon })
      .thenRefused('backups-die-with-the-key', /1 backup; .*destroyBackups/);
    given(vm, ...backedUp)
      .when({ type: 'TerminateVm', now: noon, destroyBackups: true })
      .thenEvents(happened.terminationRequested);
    expect(spec(...backedUp, happened.terminationRequested)).toMatchObject({ desired: 'absent', keptBackups: [] });
  });
});
