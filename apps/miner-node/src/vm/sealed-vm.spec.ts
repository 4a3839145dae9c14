import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bootNumber, sealedAs, vmId } from '../../../../test/miner-node/converge-samples.ts';
import { newHost, phase, type ToyHost } from '../../../../test/miner-node/toy-host.ts';

const sshHostKey = `ssh-ed25519 ${'A'.repeat(68)}`;
const bigger = { vcpus: 1, memoryBytes: 536_870_912, diskBytes: 2_147_483_648 };
const first = { boot: bootNumber(1), sealed: sealedAs(1), sshPublicKeys: [], keysVersion: 1 };

/** A host on which a sealed VM runs its first boot, its guest ready. */
const sealedHost = async (): Promise<ToyHost> => {
  const host = await newHost();
  await host.take(first);
  await host.until('QEMU runs', () => host.hypervisor.running.has(vmId));
  host.machine(vmId).say({ kind: 'ready', sshHostKey, keysVersion: 1 });
  await host.until('reported running', () => phase(host) === 'running');
  return host;
};

describe('a sealed VM on its host', () => {
  test('given a boot that is settled / when it is taken / then a volume, what is measured, and starting until its guest is ready', async () => {
    const host = await newHost();
    await host.take({ boot: null, sshPublicKeys: [] });
    await host.take({ ...first, specRevision: 6n });
    await host.until('reported starting', () => phase(host) === 'starting');
    const { bootSpec, cmdline } = sealedAs(1);
    expect(host.hypervisor.diskKinds.get(vmId)).toBe('volume');
    expect(host.hypervisor.sealedStarts).toEqual([
      { bootSpec, cmdline, boot: { kernelPath: '/b/k', initrdPath: '/b/i' } },
    ]);
    await host.until('listened to', () => host.machine(vmId).sealedTold.length === 1);
    expect(host.machine(vmId).sealedTold).toEqual([{ kind: 'sealed', bootSpec, isReady: false, envelope: null }]);
    host.machine(vmId).say({ kind: 'ready', sshHostKey, keysVersion: 1 });
    await host.until('reported running', () => phase(host) === 'running');
    expect(host.last(vmId)?.observation).toMatchObject({ sshHostKey, keysVersion: 1, bootId: bootNumber(1).bootId });
  });

  test('given a guest that waits for its key and hears no power button / when it shall stop / then it is stopped without its deadline', async () => {
    const host = await newHost();
    await host.take(first);
    await host.until('QEMU runs', () => host.hypervisor.running.has(vmId));
    host.hypervisor.guestsListen = false;
    host.machine(vmId).isAsking = true;
    await host.take({ ...first, specRevision: 6n, desired: 'stopped' });
    await host.until('reported stopped', () => phase(host) === 'stopped');
    expect(host.last(vmId)?.observation).toMatchObject({ phase: 'stopped', cause: 'requested' });
  });

  test('given a guest that stops / when it ends / then its boot has failed, in its last words', async () => {
    const host = await newHost();
    await host.take(first);
    await host.until('QEMU runs', () => host.hypervisor.running.has(vmId));
    const machine = host.machine(vmId);
    machine.say({ kind: 'failed', code: 'guest-stopped', detail: 'base-corrupt: block 7 is not what the tree says' });
    machine.end({ reason: 'guest-shutdown', detail: '' });
    await host.until('reported failed', () => phase(host) === 'failed');
    expect(host.last(vmId)?.observation).toEqual({
      ...{ phase: 'failed', bootId: bootNumber(1).bootId, code: 'guest-stopped' },
      detail: 'base-corrupt: block 7 is not what the tree says',
    });
  });

  test('given a running VM / when the network signs newer keys / then its guest is handed them, and running says when it took them', async () => {
    const host = await sealedHost();
    await host.take({ ...first, specRevision: 6n, keysVersion: 2, sealed: sealedAs(1, 'keys 2') });
    await host.until('told', () => host.machine(vmId).sealedTold.length === 2);
    expect(host.machine(vmId).sealedTold[1]).toMatchObject({ envelope: 'keys 2', isReady: true });
    await host.take({ ...first, specRevision: 7n, keysVersion: 2, sealed: sealedAs(1, 'keys 2') });
    host.machine(vmId).say({ kind: 'ready', sshHostKey, keysVersion: 1 });
    host.machine(vmId).say({ kind: 'ready', sshHostKey, keysVersion: 2 });
    const observed = () => host.last(vmId)?.observation;
    await host.until('reported', () => JSON.stringify(observed()).includes('"keysVersion":2'));
    expect(host.machine(vmId).sealedTold, 'the same again is no news').toHaveLength(2);
  });

  test('given an agent that ends while a guest waits / when the next one comes / then it goes on with what that guest was started as', async () => {
    const host = await newHost();
    await host.take(first);
    await host.until('QEMU runs', () => host.hypervisor.running.has(vmId));
    const machine = host.machine(vmId);
    await host.take({ ...first, specRevision: 6n, desired: 'stopped' });
    host.hypervisor.guestsListen = false;
    await host.endAgent();
    // What the next boot will be is known already; the guest that runs is still the first.
    await host.startAgent();
    await host.take({
      specRevision: 8n,
      boot: bootNumber(2),
      sealed: sealedAs(2, 'for the second'),
      desired: 'stopped',
    });
    await host.until('listened to again', () => machine.sealedTold.length > 1);
    for (const { bootSpec, envelope } of machine.sealedTold) {
      expect({ bootSpec, envelope }).toEqual({ bootSpec: sealedAs(1).bootSpec, envelope: null });
    }
    expect(host.hypervisor.starts).toHaveLength(1);
  });

  test('given a larger size / when the agent dies after the volume grew and before that was written down / then it grows to the same and starts', async () => {
    const host = await sealedHost();
    await host.take({ ...first, specRevision: 6n, desired: 'stopped' });
    await host.until('stopped', () => phase(host) === 'stopped');
    await host.endAgent();
    await host.hypervisor.growDisk(vmId, 'volume', bigger.diskBytes);
    await host.startAgent();
    const second = { generation: 2, specRevision: 8n, boot: bootNumber(2), sealed: sealedAs(2), size: bigger };
    await host.take(second);
    await host.until('started again', () => host.hypervisor.starts.length === 2);
    expect(host.hypervisor.disks.get(vmId)).toBe(bigger.diskBytes);
    expect(host.hypervisor.diskKinds.get(vmId)).toBe('volume');
  });

  test('given no boot image / when a VM is started / then it is tried again, and given up with its name and how to get it', async () => {
    const host = await newHost();
    const why = 'this VM starts from boot image bbbb: start the node again';
    host.bootFault = Object.assign(new Error(why), { code: 'boot-image-not-found' });
    await host.take(first);
    await host.until('reported failed', () => phase(host) === 'failed', 1_000);
    expect(host.last(vmId)?.observation).toMatchObject({ code: 'boot-image-not-found', detail: why });
    host.bootFault = null;
    await host.take({ specRevision: 6n, boot: bootNumber(2), sealed: sealedAs(2) });
    await host.until('the next boot runs', () => host.hypervisor.running.has(vmId));
  });

  test('given a host that cannot attest guests / when a sealed VM is started / then it is refused by that name', async () => {
    const host = await newHost();
    const refusal = { kind: 'refused', code: 'guest-attestation-off', detail: 'no secure processor' } as const;
    host.hypervisor.refusals = Array(5).fill(refusal);
    await host.take(first);
    await host.until('reported failed', () => phase(host) === 'failed', 1_000);
    expect(host.last(vmId)?.observation).toMatchObject({ code: 'guest-attestation-off' });
  });

  test('given a sealed VM / when it shall be absent / then nothing of it stays on this host', async () => {
    const host = await sealedHost();
    await host.take({ specRevision: 6n, desired: 'absent' });
    await host.until('reported absent', () => phase(host) === 'absent');
    await expect(access(join(host.minerDir, 'vms', vmId))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
