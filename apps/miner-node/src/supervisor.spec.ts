import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bootNumber, vmId } from '../../../test/miner-node/converge-samples.ts';
import { phase, runningHost, sshHostKey } from '../../../test/miner-node/toy-host.ts';
import { limits } from './limits.ts';

describe('an agent that comes back', () => {
  test('given a running VM / when the agent is started again / then it adopts the same process and reports it running before any spec', async () => {
    const host = await runningHost();
    const { pid } = host.machine(vmId);
    await host.endAgent();
    const before = host.reports.length;
    await host.startAgent();
    await host.until('reported', () => host.reports.length > before);
    expect(host.last(vmId)).toMatchObject({
      agentEpoch: 2,
      sequence: 1,
      observation: { phase: 'running', sshHostKey },
    });
    expect(host.machine(vmId).pid).toBe(pid);
    host.machine(vmId).end({ reason: 'guest-panic', detail: '' });
    await host.until('its end is seen', () => phase(host) === 'stopped');
  });

  test('given a VM that ended meanwhile / when the agent is started again / then it is a crash and waits for a new boot', async () => {
    const host = await runningHost();
    const machine = host.machine(vmId);
    await host.endAgent();
    machine.end({ reason: 'unknown', detail: '' });
    await host.startAgent();
    await host.until('reported', () => phase(host) === 'stopped');
    expect(host.last(vmId)?.observation).toMatchObject({ cause: 'crash' });
    await host.take({});
    await host.take({ specRevision: 6n, boot: bootNumber(2) });
    await host.until('started', () => host.hypervisor.starts.length === 2);
    expect(host.hypervisor.starts.at(-1)).toBe(bootNumber(2).bootId);
  });

  test('given a host that rebooted / when the agent is started / then it says host-reboot and starts only what a fresh spec says', async () => {
    const host = await runningHost();
    await host.reboot();
    await host.startAgent();
    await host.until('reported', () => phase(host) === 'stopped');
    expect(host.last(vmId)?.observation).toMatchObject({ cause: 'host-reboot', bootId: bootNumber(1).bootId });
    await host.clock.advance(2 * limits.reportIntervalMs);
    expect(host.hypervisor.starts).toHaveLength(1);
    await host.take({ specRevision: 6n, boot: bootNumber(2) });
    await host.until('started', () => host.hypervisor.starts.length === 2);
  });

  test('given a host that goes down / when its VMs are stopped / then it announces that, and the next life finds a host reboot', async () => {
    const host = await runningHost();
    expect(await host.agent.supervisor.stopForHost()).toBe(true);
    await host.take({ specRevision: 6n, boot: bootNumber(2) });
    await host.until('reported', () => phase(host) === 'stopped');
    expect(host.last(vmId)?.observation).toMatchObject({ cause: 'host-shutdown' });
    expect(host.hypervisor.starts).toHaveLength(1);
    await host.endAgent();
    await host.startAgent();
    await host.until('found', () => host.last(vmId)?.agentEpoch === 2);
    expect(host.last(vmId)?.observation).toMatchObject({ phase: 'stopped', cause: 'host-reboot' });
  });

  test('given a record that is garbage / when the agent is started / then that VM is named and every other one goes on', async () => {
    const host = await runningHost();
    const broken = '22222222-2222-4222-8222-222222222222' as typeof vmId;
    await host.take({ vmId: broken });
    await host.until('both run', () => host.hypervisor.running.size === 2);
    await host.endAgent();
    await writeFile(join(host.minerDir, 'vms', broken, 'vm.json'), '{"version":1');
    await host.startAgent();
    await host.until('the other one is reported', () => host.last(vmId)?.agentEpoch === 2);
    await host.take({ vmId: broken });
    await host.until('reported', () => host.last(broken)?.agentEpoch === 2);
    expect(host.last(broken)?.observation).toMatchObject({
      phase: 'failed',
      code: 'vm-record-corrupt',
      detail: expect.stringContaining(`${broken}/vm.json cannot be used`),
    });
    expect(host.hypervisor.running.size).toBe(2);
    await host.take({ vmId: broken, specRevision: 6n, desired: 'absent' });
    await host.until('removed', () => host.last(broken)?.observation.phase === 'absent');
    expect([...host.hypervisor.running.keys()]).toEqual([vmId]);
  });
});
