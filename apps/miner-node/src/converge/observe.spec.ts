import { describe, expect, test } from 'vitest';
import { bootNumber, ended, launched, local, spec } from '../../../../test/miner-node/converge-samples.ts';
import { limits } from '../limits.ts';
import { observe } from './observe.ts';

const here = { sshHost: '127.0.0.1', agentEpoch: 3 };
const { bootId } = bootNumber(1);

describe('what is said of a VM', () => {
  test('given QEMU started / when its guest has not said it is ready / then it is starting', () => {
    expect(observe(local({ boot: launched(1) }), spec(), here)).toEqual({ phase: 'starting', bootId });
  });

  test('given a guest that said it is ready / when it is observed / then it is running, with address and key', () => {
    const vm = local({ boot: launched(1, { sshHostKey: 'ssh-ed25519 AAAA' }) });
    expect(observe(vm, null, here)).toEqual({
      phase: 'running',
      bootId,
      endpoint: { host: '127.0.0.1', port: 40_022 },
      sshHostKey: 'ssh-ed25519 AAAA',
    });
  });

  test('given a VM that is wanted here / when nothing of it was started yet / then there is nothing to say', () => {
    expect(observe(local(), spec(), here)).toBeNull();
    expect(observe(null, spec(), here)).toBeNull();
  });

  test('given a VM placed and stopped before its first boot / when it is observed / then it is stopped without a boot', () => {
    const stopped = observe(local(), spec({ desired: 'stopped', boot: null }), here);
    expect(stopped).toMatchObject({ phase: 'stopped', bootId: null, cause: 'requested' });
  });

  test('given nothing here / when the VM shall be absent / then it is absent', () => {
    expect(observe(null, spec({ desired: 'absent' }), here)).toEqual({ phase: 'absent' });
  });

  test('given an exit announced with its host / when a later life of the agent finds it / then it is a host reboot', () => {
    const boot = { ...bootNumber(1), state: 'ended', cause: 'host-shutdown', detail: '', agentEpoch: 3 } as const;
    expect(observe(local({ boot }), null, here)).toMatchObject({ cause: 'host-shutdown' });
    expect(observe(local({ boot }), null, { ...here, agentEpoch: 4 })).toMatchObject({ cause: 'host-reboot' });
  });

  test('given an endless detail / when it is reported / then it is cut', () => {
    const boot = { ...ended(1), detail: 'x'.repeat(10_000) };
    expect(observe(local({ boot }), null, here)).toMatchObject({ detail: expect.stringMatching(/^x+…$/) });
    expect(JSON.stringify(observe(local({ boot }), null, here)).length).toBeLessThan(limits.detailCharactersMax + 200);
  });
});
