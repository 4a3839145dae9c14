import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { keysDigest } from '#host';
import { bootNumber, vmId } from '../../../../test/miner-node/converge-samples.ts';
import { newHost, phase, runningHost, sshHostKey } from '../../../../test/miner-node/toy-host.ts';
import { limits } from '../limits.ts';

describe('a VM on its host', () => {
  test('given a spec that wants it running / when it is taken / then it is starting, and running once its guest says so', async () => {
    const host = await newHost();
    expect(await host.take({ specRevision: 7n })).toBe('ack');
    await host.until('reported starting', () => phase(host) === 'starting');
    expect(host.last(vmId)).toMatchObject({ generation: 1, specRevision: 7n, agentEpoch: 1 });
    host.machine(vmId).say({ kind: 'ready', sshHostKey });
    await host.until('reported running', () => phase(host) === 'running');
    expect(host.last(vmId)?.observation).toEqual({
      phase: 'running',
      bootId: bootNumber(1).bootId,
      endpoint: { host: '127.0.0.1', port: 40_000 },
      sshHostKey,
    });
    expect(host.reports.map((report) => report.sequence)).toEqual(host.reports.map((_, index) => index + 1));
  });

  test('given a guest that changes its host key / when it says so / then the first word of the boot stands', async () => {
    const host = await runningHost();
    const before = host.reports.length;
    host.machine(vmId).say({ kind: 'ready', sshHostKey: 'ssh-ed25519 AAAAother' });
    host.machine(vmId).say({ kind: 'misbehaved', reason: 'too many lines' });
    await host.until('heard', () => host.logged.includes('warn: the guest misbehaves'));
    expect(host.reports).toHaveLength(before);
  });

  test('given a running VM / when its keys change / then its guest is told, and running says which it has taken', async () => {
    const host = await runningHost();
    const keys = ['ssh-ed25519 BBBB bob@work'];
    const taken = { kind: 'ready', sshHostKey, keysSha256: keysDigest(keys) } as const;
    await host.take({ specRevision: 6n, sshPublicKeys: keys, keysVersion: 2 });
    await host.until('told', () => host.machine(vmId).told.length === 1);
    expect(host.machine(vmId).told).toEqual([keys]);
    host.machine(vmId).say({ ...taken, keysSha256: keysDigest(['ssh-ed25519 AAAA ann@home']) });
    host.machine(vmId).say(taken);
    const seen = () => host.last(vmId)?.observation;
    await host.until('reported', () => JSON.stringify(seen()).includes('keysVersion'));
    expect(seen()).toMatchObject({ phase: 'running', sshHostKey, keysVersion: 2 });
    const before = host.reports.length;
    host.machine(vmId).say(taken);
    await host.take({ specRevision: 7n, sshPublicKeys: keys, keysVersion: 2 });
    await host.until('answered', () => host.reports.length > before);
    expect(host.machine(vmId).told).toHaveLength(1);
  });

  test('given a stopped VM of a newer generation with a bigger disk / when it is started / then its disk grows first', async () => {
    const host = await runningHost();
    await host.take({ specRevision: 6n, desired: 'stopped' });
    await host.until('stopped', () => phase(host) === 'stopped');
    const size = { vcpus: 2, memoryBytes: 536_870_912, diskBytes: 2_147_483_648 };
    await host.take({ generation: 2, specRevision: 7n, desired: 'stopped', boot: null, size });
    await host.until('answered', () => host.last(vmId)?.generation === 2);
    expect(host.hypervisor.disks.get(vmId)).toBe(1_073_741_824);
    await host.take({ generation: 2, specRevision: 8n, boot: bootNumber(2), size });
    await host.until('started again', () => host.hypervisor.starts.length === 2);
    expect(host.hypervisor.disks.get(vmId)).toBe(2_147_483_648);
    expect(host.logged).toContain('info: disk grown');
  });

  test('given the same spec again / when it is taken / then it is answered again and started once', async () => {
    const host = await runningHost();
    const before = host.reports.length;
    await host.take({});
    await host.until('answered', () => host.reports.length > before);
    expect(phase(host)).toBe('running');
    expect(host.hypervisor.starts).toHaveLength(1);
  });

  test('given a running VM / when an older generation wants it absent / then nothing happens', async () => {
    const host = await newHost();
    await host.take({ generation: 2 });
    await host.until('QEMU runs', () => host.hypervisor.running.has(vmId));
    expect(await host.take({ generation: 1, specRevision: 99n, desired: 'absent' })).toBe('ack');
    await host.until('seen', () => host.logged.includes('debug: older spec ignored'));
    expect(host.machine(vmId).powerPresses).toBe(0);
  });

  test('given a VM that was stopped and started again / when the stop comes once more / then it runs on', async () => {
    const host = await runningHost();
    const stop = { specRevision: 6n, desired: 'stopped' } as const;
    await host.take(stop);
    await host.until('reported stopped', () => phase(host) === 'stopped', 1_000);
    await host.take({ specRevision: 7n, boot: bootNumber(2) });
    await host.until('started again', () => host.hypervisor.starts.length === 2);
    expect(await host.take(stop)).toBe('ack');
    await host.until('seen', () => host.logged.includes('debug: older spec ignored'));
    expect([host.hypervisor.running.has(vmId), host.machine(vmId).powerPresses]).toEqual([true, 0]);
  });

  test('given a running VM / when a reboot is wanted / then the old boot is powered off and the new one started', async () => {
    const host = await runningHost();
    await host.take({ specRevision: 6n, boot: bootNumber(2) });
    await host.until('started again', () => host.hypervisor.starts.length === 2);
    expect(host.hypervisor.starts).toEqual([bootNumber(1).bootId, bootNumber(2).bootId]);
    await host.until('reported', () => phase(host) === 'starting');
    expect(host.last(vmId)?.observation).toMatchObject({ bootId: bootNumber(2).bootId });
  });

  test('given a guest that ignores the power button / when it shall stop / then it is ended at the deadline', async () => {
    const host = await runningHost();
    host.hypervisor.guestsListen = false;
    const machine = host.machine(vmId);
    await host.take({ specRevision: 6n, desired: 'stopped', stopDeadlineMs: 20_000 });
    await host.until('pressed', () => machine.powerPresses === 1);
    const pressedAt = host.clock.now();
    await host.until('reported stopped', () => phase(host) === 'stopped', 1_000);
    expect(host.clock.now() - pressedAt).toBeGreaterThanOrEqual(20_000);
    expect(machine.powerPresses).toBe(20_000 / limits.powerPressRepeatMs);
    expect(host.last(vmId)?.observation).toMatchObject({ cause: 'requested', bootId: bootNumber(1).bootId });
  });

  test('given a running VM / when it shall be absent / then its directory goes and that is told each time it is asked', async () => {
    const host = await runningHost();
    await host.take({ specRevision: 6n, desired: 'absent' });
    await host.until('reported absent', () => phase(host) === 'absent');
    await expect(access(join(host.minerDir, 'vms', vmId))).rejects.toMatchObject({ code: 'ENOENT' });
    const before = host.reports.length;
    await host.take({ specRevision: 6n, desired: 'absent' });
    await host.until('told again', () => host.reports.length > before);
    await host.take({ specRevision: 5n });
    await host.until('seen', () => host.logged.includes('debug: older spec ignored'));
    expect(host.hypervisor.starts).toHaveLength(1);
    const { supervisor } = host.agent;
    const isGone = `VM ${vmId} is not on this host`;
    await expect(supervisor.readConsole({ vmId, bytesMax: 10, after: null })).rejects.toThrow(isGone);
    await expect(supervisor.metrics(vmId)).rejects.toThrow(isGone);
  });

  test('given a VM that was never here / when it shall be absent and an older spec comes late / then it is not made', async () => {
    const host = await newHost();
    await host.take({ specRevision: 6n, desired: 'absent' });
    await host.until('reported absent', () => phase(host) === 'absent');
    expect(await host.take({ specRevision: 5n })).toBe('ack');
    await host.until('seen', () => host.logged.includes('debug: older spec ignored'));
    expect(host.hypervisor.starts).toEqual([]);
    expect(host.last(vmId)).toMatchObject({ specRevision: 6n, observation: { phase: 'absent' } });
  });

  test('given a QEMU that its memory limit ended while no agent watched / when the next agent comes / then it says so', async () => {
    const host = await runningHost();
    await host.endAgent();
    host.machine(vmId).end({ reason: 'unknown', detail: '' });
    host.hypervisor.lastExit = { reason: 'memory-limit', detail: '1 byte' };
    await host.startAgent();
    await host.until('the exit is told', () => phase(host) === 'stopped');
    expect(host.last(vmId)?.observation).toMatchObject({
      cause: 'crash',
      detail: expect.stringContaining('memory limit was used up: 1 byte'),
    });
  });

  test.each([
    ['guest-shutdown', 'guest-shutdown'],
    ['guest-reset', 'crash'],
  ] as const)(
    'given a running VM / when it ends by %s / then it is stopped by %s and not started by itself',
    async (reason, cause) => {
      const host = await runningHost();
      host.machine(vmId).end({ reason, detail: '' });
      await host.until('reported stopped', () => phase(host) === 'stopped');
      expect(host.last(vmId)?.observation).toMatchObject({ cause });
      await host.take({});
      await host.clock.advance(limits.reportIntervalMs);
      expect(host.hypervisor.starts).toHaveLength(1);
    },
  );
});

describe('a start that does not work', () => {
  test('given a port that is taken twice / when QEMU refuses / then the same boot is tried again and runs', async () => {
    const host = await newHost();
    const refusal = { kind: 'refused', code: 'port-in-use', detail: 'port 1 is in use' } as const;
    host.hypervisor.refusals = [refusal, refusal];
    await host.take({});
    await host.until('QEMU runs', () => host.hypervisor.running.has(vmId), 100);
    expect(host.hypervisor.starts).toEqual([bootNumber(1).bootId]);
  });

  test('given an image that is not here / when every try fails / then the boot has failed, with code and reason', async () => {
    const host = await newHost();
    host.imageFault = Object.assign(new Error('no image aaaa; run: setup'), { code: 'image-not-found' });
    await host.take({});
    await host.until('reported failed', () => phase(host) === 'failed', 1_000);
    const { bootId } = bootNumber(1);
    expect(host.last(vmId)?.observation).toEqual({
      phase: 'failed',
      bootId,
      code: 'image-not-found',
      detail: 'no image aaaa; run: setup',
    });
    expect(host.logged.filter((line) => line === 'warn: VM not started')).toHaveLength(limits.startAttemptsMax);
    host.imageFault = null;
    await host.take({ specRevision: 6n, boot: bootNumber(2) });
    await host.until('the next boot runs', () => host.hypervisor.running.has(vmId));
  });

  test('given a QEMU that vanished while it started / when nobody knows whether its guest ran / then it is a crash, not a retry', async () => {
    const host = await newHost();
    host.hypervisor.refusals = [{ kind: 'lost', detail: 'its monitor did not answer' }];
    await host.take({});
    await host.until('reported stopped', () => phase(host) === 'stopped');
    expect(host.last(vmId)?.observation).toMatchObject({ cause: 'crash', bootId: bootNumber(1).bootId });
    expect(host.hypervisor.starts).toEqual([]);
  });
});
