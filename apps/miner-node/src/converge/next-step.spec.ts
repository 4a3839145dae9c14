import { describe, expect, test } from 'vitest';
import {
  bootNumber,
  ended,
  facts,
  imageDigest,
  launched,
  local,
  running,
  sealedAs,
  spec,
} from '../../../../test/miner-node/converge-samples.ts';
import { limits } from '../limits.ts';
import { acceptSpec } from './accept-spec.ts';
import type { Facts } from './next-step.ts';
import { nextStep } from './next-step.ts';

const asked = { cause: 'requested', agentEpoch: 3 } as const;
const failure = (change: Partial<NonNullable<Facts['startFailure']>> = {}) => ({
  attempts: 1,
  retryAt: 1_000_500,
  code: 'port-in-use',
  detail: 'port 40022 is in use',
  ...change,
});

describe('what is done next', () => {
  test.each([
    ['a VM that has no disk yet', local({ disk: null }), spec(), facts(), 'prepare-disk'],
    ['a disk and a boot never started', local(), spec(), facts(), 'launch'],
    ['an older boot that is over', local({ boot: ended(1) }), spec({ boot: bootNumber(2) }), facts(), 'launch'],
    ['this boot running', local({ boot: launched(1) }), spec(), facts({ qemu: running }), 'none'],
    ['this boot over', local({ boot: ended(1) }), spec(), facts(), 'none'],
    ['a boot older than the one known', local({ boot: ended(2) }), spec({ boot: bootNumber(1) }), facts(), 'none'],
    ['a spec without a boot', local(), spec({ boot: null }), facts(), 'none'],
    ['QEMU gone', local({ boot: launched(1) }), spec(), facts(), 'record-exit'],
  ])('given %s / when it shall run / then: %s', (_what, vm, wanted, here, step) => {
    expect(nextStep(vm, wanted, here).do).toBe(step);
  });

  test.each([
    ['a disk', local()],
    ['a running VM', local({ boot: launched(1) })],
    ['nothing', null],
  ])('given %s / when no spec was read in this life of the agent / then nothing is touched', (_what, vm) => {
    expect(nextStep(vm, null, facts({ qemu: running }))).toEqual({ do: 'none' });
  });

  test('given a running VM / when another boot is wanted / then it is asked to power off first', () => {
    const step = nextStep(local({ boot: launched(1) }), spec({ boot: bootNumber(2) }), facts({ qemu: running }));
    expect(step).toEqual({ do: 'power-off', cause: 'requested' });
  });

  test('given the button pressed / when the guest takes its time / then it is pressed again, and killed at the deadline', () => {
    const vm = local({ boot: launched(1, { stopAsked: asked }) });
    const wanted = spec({ desired: 'stopped', stopDeadlineMs: 12_000 });
    const at = (now: number, pressedAt: number) =>
      nextStep(vm, wanted, facts({ qemu: running, now, stopping: { since: 0, pressedAt } }));
    expect(at(1_000, 0)).toEqual({ do: 'wait', until: limits.powerPressRepeatMs });
    expect(at(2_000, 0)).toEqual({ do: 'power-off', cause: 'requested' });
    expect(at(11_000, 10_500)).toEqual({ do: 'wait', until: 12_000 });
    expect(at(12_000, 10_000)).toEqual({ do: 'kill' });
  });

  test('given a sealed VM that still asks for its key / when it shall stop / then that is written down, and it is ended at once', () => {
    const wanted = spec({ desired: 'stopped', stopDeadlineMs: 120_000 });
    const asking = { qemu: running, now: 1_000, isAsking: true };
    expect(nextStep(local({ boot: launched(1) }), wanted, facts(asking))).toMatchObject({ do: 'power-off' });
    const vm = local({ boot: launched(1, { stopAsked: asked }) });
    const pressed = { ...asking, stopping: { since: 1_000, pressedAt: 1_000 } };
    expect(nextStep(vm, wanted, facts(pressed))).toEqual({ do: 'kill' });
    expect(nextStep(vm, wanted, facts({ ...pressed, isAsking: false }))).toMatchObject({ do: 'wait' });
    expect(nextStep(vm, wanted, facts({ ...pressed, qemu: running, isAsking: true, hostStopping: true }))).toEqual({
      do: 'kill',
    });
  });

  test('given a boot that never started / when the VM shall be stopped / then that boot is over', () => {
    expect(nextStep(local(), spec({ desired: 'stopped' }), facts())).toEqual({ do: 'skip-boot', boot: bootNumber(1) });
  });

  test('given a VM / when it shall be absent / then it is stopped first and removed after', () => {
    const wanted = spec({ desired: 'absent' });
    expect(nextStep(local({ boot: launched(1) }), wanted, facts({ qemu: running })).do).toBe('power-off');
    expect(nextStep(local({ boot: ended(1) }), wanted, facts())).toEqual({ do: 'remove' });
    expect(nextStep(null, wanted, facts())).toEqual({ do: 'none' });
  });

  test('given starts that fail before QEMU runs / when they are tried again / then with pauses, and not for ever', () => {
    expect(nextStep(local(), spec(), facts({ startFailure: failure() }))).toEqual({ do: 'wait', until: 1_000_500 });
    expect(nextStep(local(), spec(), facts({ now: 1_000_500, startFailure: failure() })).do).toBe('launch');
    expect(nextStep(local(), spec(), facts({ startFailure: failure({ attempts: limits.startAttemptsMax }) }))).toEqual({
      do: 'give-up-boot',
      boot: bootNumber(1),
      code: 'port-in-use',
      detail: 'port 40022 is in use',
    });
  });

  test.each([
    ['volume', spec(), 'overlay'],
    [undefined, spec({ sealed: sealedAs(1) }), 'volume'],
  ] as const)(
    'given a disk of kind %s / when the VM shall be started as if it had the other / then that boot is given up, and the disk stays',
    (kind, wanted, other) => {
      const disk = { imageDigest, diskBytes: 1_073_741_824, kind };
      expect(nextStep(local({ disk }), wanted, facts())).toEqual({
        ...{ do: 'give-up-boot', boot: bootNumber(1), code: 'disk-kind-other' },
        detail: expect.stringContaining(`wanted ${other}`),
      });
    },
  );

  test('given a sealed VM / when it is started, resized and started / then its volume is made, grown before the launch, never made again', () => {
    const sealed = sealedAs(1);
    const disk = { imageDigest, diskBytes: 1_073_741_824, kind: 'volume' } as const;
    expect(nextStep(local({ disk: null }), spec({ sealed }), facts()).do).toBe('prepare-disk');
    expect(nextStep(local({ disk }), spec({ sealed }), facts()).do).toBe('launch');
    const size = { vcpus: 1, memoryBytes: 268_435_456, diskBytes: 2_147_483_648 };
    const bigger = spec({ generation: 2, boot: bootNumber(2), sealed: sealedAs(2), size });
    expect(nextStep(local({ disk, boot: ended(1) }), bigger, facts()).do).toBe('grow-disk');
    const grown = { ...disk, diskBytes: size.diskBytes };
    expect(nextStep(local({ disk: grown, boot: ended(1) }), bigger, facts()).do).toBe('launch');
    expect(nextStep(local({ disk: grown, boot: ended(2) }), spec({ sealed, boot: bootNumber(3) }), facts()).do).toBe(
      'launch',
    );
  });

  test('given a sealed VM whose boot is not settled yet / when its spec is read / then nothing is started', () => {
    expect(nextStep(local({ disk: null }), spec({ boot: null }), facts())).toEqual({ do: 'none' });
  });

  test('given a host that goes down / when VMs run or shall run / then they are stopped and none is started', () => {
    const here = facts({ hostStopping: true });
    expect(nextStep(local(), spec(), here)).toEqual({ do: 'none' });
    expect(nextStep(local({ boot: launched(1) }), null, { ...here, qemu: running })).toEqual({
      do: 'power-off',
      cause: 'host-shutdown',
    });
  });

  test('given a guest that says log-ins will never work / when it runs / then it is stopped', () => {
    const vm = local({ boot: launched(1, { guestFailure: 'no host key' }) });
    expect(nextStep(vm, spec(), facts({ qemu: running })).do).toBe('power-off');
    expect(nextStep(vm, spec(), facts())).toEqual({
      do: 'record-exit',
      exit: { kind: 'failed', code: 'guest-failed', detail: 'no host key' },
    });
    const stopped = { guestFailure: 'header-other: it is not the pinned one', guestFailureCode: 'guest-stopped' };
    expect(nextStep(local({ boot: launched(1, stopped) }), spec(), facts())).toEqual({
      do: 'record-exit',
      exit: { kind: 'failed', code: 'guest-stopped', detail: stopped.guestFailure },
    });
  });
});

describe('why QEMU is gone', () => {
  test.each([
    ['asked to stop', { stopAsked: asked }, null, 'requested'],
    ['asked to stop before the host rebooted', { stopAsked: asked, hostBootId: 'old-kernel' }, null, 'requested'],
    ['stopped with its host', { stopAsked: { cause: 'host-shutdown', agentEpoch: 3 } }, null, 'host-shutdown'],
    ['found after its host stopped it', { stopAsked: { cause: 'host-shutdown', agentEpoch: 2 } }, null, 'host-reboot'],
    ['of another life of the kernel', { hostBootId: 'old-kernel' }, null, 'host-reboot'],
    ['gone while the agent was away', {}, null, 'crash'],
    ['powered off from inside', {}, 'guest-shutdown', 'guest-shutdown'],
    ['reset from inside', {}, 'guest-reset', 'crash'],
    ['panicked', {}, 'guest-panic', 'crash'],
    ['killed from outside', {}, 'ended-by-host', 'crash'],
    ['without a word', {}, 'unknown', 'crash'],
  ] as const)('given a VM %s / when its exit is recorded / then the cause is named', (_what, boot, reason, cause) => {
    const exit = reason === null ? null : { reason, detail: '' };
    const step = nextStep(local({ boot: launched(1, boot) }), null, facts({ qemu: { state: 'gone', exit } }));
    expect(step).toMatchObject({ do: 'record-exit', exit: { kind: 'ended', cause } });
  });
});

describe('which spec counts', () => {
  test.each([
    ['a first one', null, [1, 1n], 'newer'],
    ['a higher revision', [1, 5n], [1, 6n], 'newer'],
    ['the same again', [1, 5n], [1, 5n], 'same'],
    ['a lower revision', [1, 5n], [1, 4n], 'older'],
    ['a higher generation with a lower revision', [1, 5n], [2, 2n], 'newer'],
    ['a lower generation with a higher revision', [2, 2n], [1, 9n], 'older'],
  ] as const)(
    'given %s / when it arrives / then it is judged by generation, then revision',
    (_what, known, incoming, verdict) => {
      const fence = ([generation, specRevision]: readonly [number, bigint]) => ({ generation, specRevision });
      expect(acceptSpec(known === null ? null : fence(known), fence(incoming))).toBe(verdict);
    },
  );
});
