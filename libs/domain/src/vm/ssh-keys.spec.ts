import { describe, expect, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { minerId, noon } from '../../../../test/domain/samples.ts';
import { boot, happened, isRunning, report, until } from '../../../../test/domain/vm-story.ts';
import { fold } from '../decider.ts';
import type { VmEvent } from './events.ts';
import { vm } from './index.ts';
import { sshKeysStatus } from './ssh-keys.ts';

const owner = 'ssh-ed25519 AAAAowner';
const other = 'ssh-ed25519 AAAAother';
const change = { type: 'ChangeVmSshKeys', now: noon, set: null, add: [], remove: [] } as const;
const changed: VmEvent = { type: 'VmSshKeysChanged', keysVersion: 2, sshPublicKeys: [owner, other] };
const from = { minerId, generation: 1, agentEpoch: 1, sequence: 3 };
const applied: VmEvent = { type: 'VmSshKeysApplied', bootId: boot(1), keysVersion: 2, ...from };
const says = (keysVersion: number) => report(3, { ...isRunning(), phase: 'running', keysVersion } as never);
const stateOf = (...history: readonly VmEvent[]) => {
  const state = fold(vm, history);
  return state === null ? null : sshKeysStatus(state).state;
};

describe('the SSH keys of a VM', () => {
  test('given keys / when one is added, taken away or all are set / then the whole list is what counts', () => {
    given(vm, ...until.running)
      .when({ ...change, add: [other] })
      .thenEvents(changed);
    given(vm, ...until.running)
      .when({ ...change, set: [other] })
      .thenEvents({ ...changed, sshPublicKeys: [other] });
    given(vm, ...until.running, changed)
      .when({ ...change, remove: [owner] })
      .thenEvents({ type: 'VmSshKeysChanged', keysVersion: 3, sshPublicKeys: [other] });
  });

  test('given the keys it has, in any order / then there is nothing to change', () => {
    given(vm, ...until.running, changed)
      .when({ ...change, set: [other, owner, other] })
      .thenNothing();
    given(vm, ...until.running)
      .when({ ...change, remove: [other] })
      .thenNothing();
  });

  test('given nobody would be let in, or a crowd / then it is refused', () => {
    given(vm, ...until.running)
      .when({ ...change, remove: [owner] })
      .thenRefused('ssh-key-required');
    const crowd = Array.from({ length: 33 }, (_, n) => `ssh-ed25519 AAAA${n}`);
    given(vm, ...until.running)
      .when({ ...change, set: crowd })
      .thenRefused('too-many-ssh-keys', /33.*32/);
  });

  test('given a guest that runs / then changed keys wait for its word, and an older word does not count', () => {
    expect(stateOf(...until.running)).toBe('in-effect');
    expect(stateOf(...until.running, changed)).toBe('waiting-for-guest');
    given(vm, ...until.running, changed)
      .when(says(1))
      .thenNothing();
    given(vm, ...until.running, changed)
      .when(says(2))
      .thenEvents(applied);
    expect(stateOf(...until.running, changed, applied)).toBe('in-effect');
    given(vm, ...until.running, changed, applied)
      .when({ ...says(2), sequence: 4 })
      .thenNothing();
  });

  test('given an agent that cannot tell / then the keys wait, and the next boot has them', () => {
    given(vm, ...until.running, changed)
      .when(report(3, isRunning()))
      .thenNothing();
    const rebooted = [...until.running, changed, happened.bootAuthorized(2, 'owner-reboot')];
    expect(stateOf(...rebooted)).toBe('in-effect');
  });

  test('given a VM that is stopped / then they count from its next boot on', () => {
    const stopped = [...until.running, happened.stopRequested, happened.stopped(3, 'requested')];
    expect(stateOf(...stopped, changed)).toBe('next-boot');
    expect(stateOf(...until.admitted, changed)).toBe('next-boot');
  });
});
