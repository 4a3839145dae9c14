import { describe, expect, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { noon } from '../../../../test/domain/samples.ts';
import {
  confirm,
  headerSha256,
  otherHeader,
  release,
  sealed,
  untilSealed,
} from '../../../../test/domain/vm-sealed-story.ts';
import { boot, endpoint, happened, isRunning, report, sshHostKey } from '../../../../test/domain/vm-story.ts';
import { fold } from '../decider.ts';
import type { VmEvent } from './events.ts';
import { vm } from './index.ts';
import { releaseAppraisalAgeMaxMs } from './limits.ts';
import { desiredSpec } from './spec.ts';
import { whyNotRunning } from './why-not.ts';

const { awaiting, unlocked, running } = untilSealed;
/** Confirmed with opening five, stopped, and unlocked for the sixth. */
const sixth: readonly VmEvent[] = [
  ...awaiting,
  sealed.released(1, { counter: 5 }),
  sealed.confirmed(1, 5),
  sealed.running(2),
  happened.stopped(3, 'crash'),
  happened.bootAuthorized(2, 'crash'),
  sealed.specified(2),
  sealed.released(2, { mode: 'unlock', headerSha256, counter: 6 }),
];
const third = (counter: number | null): readonly VmEvent[] => [
  happened.stopped(4, 'crash', 2),
  happened.bootAuthorized(3, 'crash'),
  sealed.specified(3),
  sealed.released(3, { mode: 'unlock', headerSha256, counter }),
];
const allow = { type: 'ConsentVm', kind: 'rollback', bootId: boot(2), now: noon } as const;

describe('the confirmation of a boot', () => {
  test('given a volume just made / when its guest tells of it / then its header, counter and host key are known', () => {
    given(vm, ...unlocked)
      .when(confirm())
      .thenEvents(sealed.confirmed());
    expect(fold(vm, [...unlocked, sealed.confirmed()])?.volume).toEqual({
      ...{ integrity: 'none', headerSha256, counter: 1, highest: 1, keyDestroyed: false },
      confirmed: { bootRevision: 5, bootDigest: '1'.repeat(64), cmdline: 'console=ttyS0' },
    });
  });

  test('given the go-ahead was lost / when the guest says the same again / then nothing is decided; something else is refused', () => {
    const done = [...unlocked, sealed.confirmed()];
    given(vm, ...done)
      .when(confirm(1, 1, { now: noon + 2 * releaseAppraisalAgeMaxMs }))
      .thenNothing();
    given(vm, ...done)
      .when(confirm(1, 2))
      .thenRefused('boot-confirmed-otherwise');
    given(vm, ...done)
      .when(confirm(1, 1, { sshHostKey: 'ssh-ed25519 AAAAother' }))
      .thenRefused('boot-confirmed-otherwise');
  });

  test('given no key was released, or a verdict that does not count / then it is refused by name', () => {
    given(vm, ...awaiting)
      .when(confirm())
      .thenRefused('boot-without-key');
    given(vm, ...unlocked)
      .when(confirm(1, 1, { tier: 'warning' }))
      .thenRefused('appraisal-not-affirming');
    given(vm, ...unlocked)
      .when(confirm(1, 1, { appraisedAt: noon - releaseAppraisalAgeMaxMs - 1 }))
      .thenRefused('appraisal-too-old');
  });

  test('given a pinned header / when the guest finds another / then it is refused by name', () =>
    given(vm, ...sixth)
      .when(confirm(2, 6, { headerSha256: otherHeader }))
      .thenRefused('volume-header-other'));

  test('given releases that were never confirmed / when the next one is given / then its number is above all of theirs', () => {
    const tried = [...sixth, ...third(7)];
    given(vm, ...tried, happened.stopped(5, 'crash', 3), happened.bootAuthorized(4, 'crash'), sealed.specified(4))
      .when(release(4))
      .thenEvents(sealed.released(4, { mode: 'unlock', headerSha256, counter: 8 }));
    given(vm, ...sixth)
      .when(confirm(2, 6))
      .thenEvents(sealed.confirmed(2, 6));
  });

  test('given a key that was released without a number / when its guest counted by itself / then any higher value is good', () => {
    const before = [...sixth, sealed.confirmed(2, 6), ...third(null)];
    given(vm, ...before)
      .when(confirm(3, 9))
      .thenEvents(sealed.confirmed(3, 9));
    given(vm, ...before)
      .when(confirm(3, 6))
      .thenOnce('volume-older', sealed.suspected(6, 6, 3));
  });
});

describe('a volume that went back', () => {
  test('given five boots / when the disk says three or five / then that is an event once, and refused until its owner consents', () => {
    given(vm, ...sixth)
      .when(confirm(2, 5))
      .thenOnce('volume-older', sealed.suspected(5, 5, 2));
    const suspected = [...sixth, sealed.suspected(3, 5, 2)];
    given(vm, ...suspected)
      .when(confirm(2, 2))
      .thenRefused('volume-older', /hcc vm consent .* --rollback/);
    given(vm, ...suspected)
      .when(allow)
      .thenEvents(sealed.rollbackAllowed(3, 2));
  });

  test('given its owner allowed three / when the guest says three / then it is confirmed under the number it was given, and told so again', () => {
    const allowed = [...sixth, sealed.suspected(3, 5, 2), sealed.rollbackAllowed(3, 2)];
    given(vm, ...allowed)
      .when(confirm(2, 3))
      .thenEvents(sealed.confirmed(2, 6));
    given(vm, ...allowed, sealed.confirmed(2, 6))
      .when(confirm(2, 3))
      .thenNothing();
    given(vm, ...allowed, sealed.confirmed(2, 6))
      .when(confirm(2, 4))
      .thenRefused('boot-confirmed-otherwise');
  });

  test('given a disk that was confirmed after a consent / when its newest or a middle copy comes back / then each waits for its owner', () => {
    const after = [
      ...sixth,
      sealed.suspected(3, 5, 2),
      sealed.rollbackAllowed(3, 2),
      sealed.confirmed(2, 6),
      ...third(7),
    ];
    for (const counter of [4, 5, 6]) {
      given(vm, ...after)
        .when(confirm(3, counter))
        .thenOnce('volume-older', sealed.suspected(counter, 6, 3));
    }
  });

  test('given a number that no release had / when the guest says it / then that waits for its owner too, in other words', () => {
    given(vm, ...sixth)
      .when(confirm(2, 9))
      .thenOnce('volume-older', sealed.suspected(9, 5, 2));
    given(vm, ...sixth, sealed.suspected(9, 5, 2))
      .when(confirm(2, 9))
      .thenRefused('volume-older', /its key was never released for that/);
  });

  test('given consent to one value / when that boot says fewer / then it waits again; the next boot has no consent', () => {
    const allowed = [...sixth, sealed.suspected(3, 5, 2), sealed.rollbackAllowed(3, 2)];
    given(vm, ...allowed)
      .when(confirm(2, 2))
      .thenRefused('volume-older');
    given(vm, ...allowed, ...third(7))
      .when(confirm(3, 4))
      .thenOnce('volume-older', sealed.suspected(4, 5, 3));
  });

  test('given nothing went back / when its owner consents / then there is nothing to consent to', () =>
    given(vm, ...sixth)
      .when(allow)
      .thenRefused('consent-not-needed'));

  test('given it waits for its owner / then it says so, and how', () => {
    const waits = fold(vm, [...sixth, happened.starting(4, 2), sealed.suspected(3, 5, 2)]);
    expect(waits === null ? null : whyNotRunning(waits)).toMatchObject({
      code: 'volume-older',
      text: expect.stringMatching(/opened 3 times.*more than 5.*hcc vm consent/),
    });
  });
});

describe('a sealed VM that runs', () => {
  const confirmed = [...unlocked, sealed.confirmed()];
  test('given its guest confirmed a host key / when its miner reports that one / then it is attested; any other is refused', () => {
    given(vm, ...confirmed)
      .when(report(2, isRunning()))
      .thenEvents(sealed.running(2));
    given(vm, ...confirmed)
      .when(report(2, isRunning(1, endpoint, 'ssh-ed25519 AAAAmine')))
      .thenRefused('ssh-host-key-other', new RegExp(sshHostKey));
    given(vm, ...unlocked)
      .when(report(2, isRunning()))
      .thenRefused('ssh-host-key-other', /none yet/);
  });

  test('given its spec / then a host is told what is measured, and neither keys nor a boot that is not settled', () => {
    const spec = (history: readonly VmEvent[]) => {
      const state = fold(vm, history);
      return state === null ? null : desiredSpec(state, 7n);
    };
    expect(spec(untilSealed.placed)).toMatchObject({ desired: 'running', boot: null, sshPublicKeys: [] });
    expect(spec(running)).toMatchObject({
      ...{ boot: { bootId: boot(1) }, sshPublicKeys: [] },
      sealed: { bootSpec: expect.stringContaining(boot(1)), cmdline: 'console=ttyS0', integrity: 'none', access: null },
    });
  });
});
