import { describe, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { minerId, noon, otherMinerId } from '../../../../test/domain/samples.ts';
import {
  classical,
  headerSha256,
  otherGuestKey,
  release,
  sealed,
  specify,
  untilSealed,
} from '../../../../test/domain/vm-sealed-story.ts';
import { boot, digest, happened, report, request, until } from '../../../../test/domain/vm-story.ts';
import type { VmEvent } from './events.ts';
import { vm } from './index.ts';
import { keyDeadlineMs, lostDeadlineMs, releaseAppraisalAgeMaxMs } from './limits.ts';

const { placed, specified, awaiting, unlocked, running } = untilSealed;
const stopped: readonly VmEvent[] = [...running, happened.stopRequested, happened.stopped(3, 'requested')];
const started: readonly VmEvent[] = [
  ...stopped,
  { type: 'VmStartRequested' },
  happened.bootAuthorized(2, 'owner-start'),
];

describe('a VM with an encrypted disk', () => {
  test('given nothing / when one is requested / then its volume is chosen with it, and a repeat must want the same', () => {
    const wanted = { ...request, volume: { kind: 'luks2', integrity: 'hmac-sha256' } } as const;
    given(vm).when(wanted).thenEvents(happened.requested, sealed.chosen('hmac-sha256'));
    given(vm, happened.requested, sealed.chosen()).when(wanted).thenRefused('vm-exists-with-other-content');
    given(vm, happened.requested).when(wanted).thenRefused('vm-exists-with-other-content');
  });

  test('given its miner starts it / then its guest waits for the key, with a deadline that destroys nothing', () => {
    const begins = report(1, { phase: 'starting', bootId: boot(1) });
    given(vm, ...specified)
      .when(begins)
      .thenEvents(happened.starting(1), sealed.keyAwaited());
    const passed = { waitingFor: 'key', deadlineAt: noon + keyDeadlineMs } as const;
    given(vm, ...awaiting)
      .when({ type: 'RaiseVmDeadline', ...passed, now: noon + keyDeadlineMs })
      .thenEvents({ type: 'VmDeadlinePassed', ...passed });
    given(vm, ...awaiting, { type: 'VmDeadlinePassed', ...passed })
      .when(release())
      .thenEvents(sealed.released());
  });

  test('given nobody was told what to start / when its miner says it starts / then that counts for nothing', () =>
    given(vm, ...placed)
      .when(report(1, { phase: 'starting', bootId: boot(1) }))
      .thenNothing());
});

describe('what a boot may start', () => {
  test('given the present boot / when it is specified / then once, whatever is said later', () => {
    given(vm, ...placed)
      .when(specify())
      .thenEvents(sealed.specified());
    given(vm, ...specified)
      .when(specify(1, { bootRevision: 9 }))
      .thenNothing();
  });

  test('given a confirmed boot / when the next one is older, or other under the same number / then its owner must consent', () => {
    const asked = (more: Parameters<typeof specify>[1]) => given(vm, ...started).when(specify(2, more));
    const specifiedWith = (more: Parameters<typeof specify>[1], consentNeeded: boolean) =>
      sealed.specified(2, { ...more, consentNeeded });
    for (const more of [{ bootRevision: 4 }, { cmdline: 'init=/bin/sh' }, { bootDigest: '9'.repeat(64) }]) {
      asked(more).thenEvents(specifiedWith(more, true));
    }
    for (const more of [{}, { bootRevision: 6, cmdline: 'quiet' }]) asked(more).thenEvents(specifiedWith(more, false));
  });

  test('given a boot that is over or not the present one / when it is specified / then it is too late for that, and nothing else is wrong', () => {
    given(vm, ...placed)
      .when(specify(2))
      .thenNothing();
    given(vm, ...stopped)
      .when(specify())
      .thenNothing();
    given(vm, ...placed)
      .when(specify(1, { generation: 2 }))
      .thenNothing();
  });

  test('given a plain disk / when a boot of it is specified / then it is refused by name', () => {
    given(vm, ...until.placed)
      .when(specify())
      .thenRefused('vm-not-sealed');
  });
});

describe('the release of a key', () => {
  test('given a fresh affirming verdict on its guest / then the key goes to that guest key, first to format, later to unlock', () => {
    given(vm, ...awaiting)
      .when(release())
      .thenEvents(sealed.released());
    given(vm, ...started, sealed.specified(2))
      .when(release(2))
      .thenEvents(sealed.released(2, { mode: 'unlock', headerSha256 }));
  });

  test('given the guest was faster than the report of its start / then its key is released all the same, and not awaited after', () => {
    given(vm, ...specified)
      .when(release())
      .thenEvents(sealed.released());
    given(vm, ...specified, sealed.released())
      .when(report(1, { phase: 'starting', bootId: boot(1) }))
      .thenEvents(happened.starting(1));
  });

  test('given the answer was lost / when the same guest key asks again, however late / then nothing is decided', () =>
    given(vm, ...unlocked)
      .when(release(1, { now: noon + 10 * releaseAppraisalAgeMaxMs }))
      .thenNothing());

  test('given the key was released / when another guest key of the boot asks / then it is refused by name', () =>
    given(vm, ...unlocked)
      .when(release(1, { guestKeySha256: otherGuestKey }))
      .thenRefused('boot-key-other', /stop and start/));

  test('given whoever is not the present boot of the VM / then it is refused by name', () => {
    const when = (more: Parameters<typeof release>[1], history = awaiting) =>
      given(vm, ...history).when(release(1, more));
    when({ minerId: otherMinerId }).thenRefused('stale-generation', new RegExp(minerId));
    when({ generation: 2 }).thenRefused('stale-generation');
    when({ bootId: boot(7) }).thenRefused('boot-not-current');
    when({}, stopped).thenRefused('boot-over');
    when({}, started).thenRefused('boot-not-current');
    when({}, placed).thenRefused('boot-not-specified');
    when({}, until.placed).thenRefused('vm-not-sealed');
    when({}, [...awaiting, happened.stopRequested]).thenRefused('vm-not-wanted');
    when({}, [...awaiting, happened.terminationRequested]).thenRefused('vm-not-wanted');
    when({}, [...awaiting, sealed.keyDestroyed]).thenRefused('key-destroyed');
  });

  test('given a verdict that is not affirming, or too old / then it is refused by name', () => {
    for (const tier of ['none', 'warning', 'contraindicated'] as const) {
      given(vm, ...awaiting)
        .when(release(1, { tier }))
        .thenRefused('appraisal-not-affirming', new RegExp(tier));
    }
    const at = (ageMs: number) => given(vm, ...awaiting).when(release(1, { now: noon, appraisedAt: noon - ageMs }));
    at(releaseAppraisalAgeMaxMs + 1).thenRefused('appraisal-too-old', /60 s/);
    at(-releaseAppraisalAgeMaxMs - 1).thenRefused('appraisal-too-old');
    at(releaseAppraisalAgeMaxMs).thenEvents(sealed.released(1, { appraisedAt: noon - releaseAppraisalAgeMaxMs }));
  });

  test('given a disk to be filled from a private image / then its key goes along, to the same guest key and once; a filled disk needs none', () => {
    const imageKey = { imageDigest: digest, keyVersion: 3 };
    given(vm, ...awaiting)
      .when(release(1, { imageKey }))
      .thenEvents(sealed.released(), sealed.imageKeyReleased());
    given(vm, ...awaiting, sealed.released(), sealed.imageKeyReleased())
      .when(release(1, { imageKey }))
      .thenNothing();
    given(vm, ...started, sealed.specified(2), happened.starting(2), sealed.keyAwaited(2))
      .when(release(2, { imageKey }))
      .thenEvents(sealed.released(2, { mode: 'unlock', headerSha256 }));
  });

  test('given a VM that was opened with a classical suite / when its next guest offers the hybrid one / then that release says so, and only policy lets it go back', () => {
    given(vm, ...awaiting)
      .when(release(1, { suite: classical, allowClassical: true }))
      .thenEvents(sealed.released(1, { suite: classical }));
    const next: readonly VmEvent[] = [
      ...awaiting,
      sealed.released(1, { suite: classical }),
      ...[sealed.confirmed(), happened.running(1), happened.stopRequested, happened.stopped(3, 'requested')],
      ...[{ type: 'VmStartRequested' } as const, happened.bootAuthorized(2, 'owner-start')],
      ...[sealed.specified(2), happened.starting(2), sealed.keyAwaited(2)],
    ];
    const unlocks = { mode: 'unlock', headerSha256 } as const;
    given(vm, ...next)
      .when(release(2))
      .thenEvents(sealed.released(2, unlocks));
    given(vm, ...next)
      .when(release(2, { suite: classical }))
      .thenRefused('suite-classical');
    given(vm, ...next)
      .when(release(2, { suite: classical, allowClassical: true }))
      .thenEvents(sealed.released(2, { ...unlocks, suite: classical }));
  });

  test('given a guest that knows only a classical suite / then policy decides', () => {
    given(vm, ...awaiting)
      .when(release(1, { suite: classical }))
      .thenRefused('suite-classical');
    given(vm, ...awaiting)
      .when(release(1, { suite: classical, allowClassical: true }))
      .thenEvents(sealed.released(1, { suite: classical }));
  });

  test('given a start with something older / when its owner consents / then the key is released, and to that boot only', () => {
    const older = [...started, sealed.specified(2, { consentNeeded: true })];
    const consent = { type: 'ConsentVm', kind: 'launch', bootId: boot(2), now: noon } as const;
    given(vm, ...older)
      .when(release(2))
      .thenRefused('consent-needed', /hcc vm consent/);
    given(vm, ...older)
      .when(consent)
      .thenEvents(sealed.launchAllowed(2));
    given(vm, ...older, sealed.launchAllowed(2))
      .when(release(2))
      .thenEvents(sealed.released(2, { mode: 'unlock', headerSha256 }));
    given(vm, ...older)
      .when({ ...consent, bootId: boot(1) })
      .thenRefused('boot-not-current');
    given(vm, ...awaiting)
      .when({ ...consent, bootId: boot(1) })
      .thenRefused('consent-not-needed');
  });
});

describe('the end of a key', () => {
  const destroyed = { type: 'RecordKeyDestroyed', keyVersion: 1, now: noon } as const;
  const gone = { type: 'VmTerminated', diskRemoved: true } as const;
  test('given a VM that its owner has terminated / then its key is destroyed, whatever its miner says; before that it is not', () => {
    given(vm, ...running)
      .when(destroyed)
      .thenRefused('vm-not-terminated');
    const lost = { type: 'VmLost', minerId, lastSeenAt: noon, deadlineAt: noon + lostDeadlineMs } as const;
    for (const so of [[], [gone], [lost]]) {
      given(vm, ...running, happened.terminationRequested, ...so)
        .when(destroyed)
        .thenEvents(sealed.keyDestroyed);
    }
  });

  test('given its key is destroyed before its disk is gone / then it is so once, no other is given, and its end comes as ever', () => {
    const without: readonly VmEvent[] = [...running, happened.terminationRequested, sealed.keyDestroyed];
    given(vm, ...without)
      .when(destroyed)
      .thenNothing();
    given(vm, ...without, gone)
      .when(destroyed)
      .thenNothing();
    given(vm, ...without)
      .when(release(1))
      .thenRefused('vm-not-wanted');
    given(vm, ...without)
      .when(report(9, { phase: 'absent' }))
      .thenEvents(gone);
  });
});
