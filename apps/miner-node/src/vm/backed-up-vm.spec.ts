import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DesiredSpec } from '#domain';
import { bootNumber, sealedAs, vmId } from '../../../../test/miner-node/converge-samples.ts';
import { newHost, phase, type ToyHost } from '../../../../test/miner-node/toy-host.ts';

const backupId = '33333333-3333-4333-8333-333333333333';
const sealed = (boot: number) => ({ boot: bootNumber(boot), sealed: sealedAs(boot) });

/** A sealed VM that ran once and is stopped, with what its guest left on its volume. */
const stoppedHost = async (): Promise<{ readonly host: ToyHost; readonly bytes: Buffer }> => {
  const host = await newHost();
  await host.take({ ...sealed(1), specRevision: 1n });
  await host.until('QEMU runs', () => host.hypervisor.running.has(vmId));
  await host.take({ ...sealed(1), specRevision: 2n, desired: 'stopped' });
  await host.until('stopped', () => phase(host) === 'stopped');
  const bytes = randomBytes(64 * 1024);
  await writeFile(host.volumeOf(vmId), bytes);
  return { host, bytes };
};

const stopped = (specRevision: bigint, change: Partial<DesiredSpec> = {}) => ({
  ...{ ...sealed(1), specRevision, desired: 'stopped' as const },
  ...change,
});

const backupOf = (host: ToyHost) => {
  const observation = host.last(vmId)?.observation;
  return observation !== undefined && 'backup' in observation ? observation.backup : undefined;
};

const backedUp = async () => {
  const { host, bytes } = await stoppedHost();
  await host.take(stopped(3n, { backup: { backupId }, keptBackups: [] }));
  await host.until('backed up', () => backupOf(host) !== undefined);
  const outcome = backupOf(host);
  if (outcome?.outcome !== 'made') throw new Error(`not made: ${outcome?.detail}`);
  return { host, bytes, manifestSha256: outcome.manifestSha256 };
};

/** Another host, which puts its backups where the first one does. */
const hostBeside = async (host: ToyHost): Promise<ToyHost> => {
  const other = await newHost();
  await other.endAgent();
  other.storeDir = host.storeDir;
  await other.startAgent();
  return other;
};

describe('a VM that is backed up', () => {
  test('given it is stopped and a backup is wanted / then it is made once, told with the whole observation, and tidied by the next list', async () => {
    const { host, manifestSha256 } = await backedUp();
    expect(host.last(vmId)?.observation).toMatchObject({
      phase: 'stopped',
      backup: { backupId, outcome: 'made', chunks: 1, newBytes: 64 * 1024 },
    });
    await host.endAgent();
    await host.startAgent();
    await host.take(stopped(3n, { backup: { backupId }, keptBackups: [] }));
    await host.until('told again', () => host.last(vmId)?.agentEpoch === 2 && backupOf(host) !== undefined);
    expect(host.logged.filter((line) => line.includes('backup made'))).toHaveLength(1);

    await host.take(stopped(4n, { keptBackups: [manifestSha256] }));
    await host.until('tidied', () => host.logged.filter((line) => line.includes('copy begun')).length === 2);
    expect(backupOf(host)).toBeUndefined();
  });

  test('given a backup is wanted and then it shall run / then it runs, whatever has become of the copy', async () => {
    const { host } = await stoppedHost();
    await host.take(stopped(3n, { backup: { backupId } }));
    await host.take({ ...sealed(2), specRevision: 4n });
    await host.until('QEMU runs', () => host.hypervisor.running.has(vmId));
    expect(backupOf(host)).toBeUndefined();
  });

  test('given a miner without a store / then the backup has failed, and says why', async () => {
    const { host } = await stoppedHost();
    await host.endAgent();
    host.hasStore = false;
    await host.startAgent();
    await host.take(stopped(3n, { backup: { backupId } }));
    await host.until('told', () => backupOf(host) !== undefined);
    expect(backupOf(host)).toMatchObject({ outcome: 'failed', code: 'no-backup-store' });
  });

  test('given a record that cannot be read / then there is no backup of it, and that is said', async () => {
    const { host } = await stoppedHost();
    await host.endAgent();
    await writeFile(join(dirname(host.volumeOf(vmId)), 'vm.json'), 'not one');
    await host.startAgent();
    await host.take(stopped(3n, { backup: { backupId } }));
    await host.until('told', () => backupOf(host) !== undefined);
    expect(backupOf(host)).toMatchObject({ backupId, outcome: 'failed', code: 'vm-record-corrupt' });
  });

  test('given it is terminated / then its backups go with it, and what a former miner had goes without them', async () => {
    const { host } = await backedUp();
    const left = async () =>
      (await readdir(join(host.storeDir, vmId), { recursive: true })).filter((name) => name.length > 60);
    expect((await left()).length).toBe(2);
    await host.take({ specRevision: 5n, desired: 'absent', boot: null });
    await host.until('gone', () => phase(host) === 'absent');
    expect((await left()).length).toBe(2);

    const { host: other } = await backedUp();
    await other.take({ specRevision: 5n, desired: 'absent', boot: null, keptBackups: [] });
    await other.until('gone', () => phase(other) === 'absent');
    expect(await readdir(join(other.storeDir, vmId), { recursive: true })).not.toContainEqual(
      expect.stringMatching(/.{60}/),
    );
  });
});

describe('a VM that is restored', () => {
  const restore = (manifestSha256: string, generation = 2) => ({ backupId, manifestSha256, generation });
  const restored = (boot: number, manifestSha256: string, change: Partial<DesiredSpec> = {}) => ({
    ...{ ...sealed(boot), generation: 2, specRevision: 10n, restore: restore(manifestSha256) },
    ...change,
  });

  test('given another host with the same store / when its first boot comes / then the volume is there before the guest, and only once', async () => {
    const { host, bytes, manifestSha256 } = await backedUp();
    const other = await hostBeside(host);
    await other.take(restored(2, manifestSha256, { desired: 'stopped' }));
    await other.take(restored(3, manifestSha256, { specRevision: 11n }));
    await other.until('QEMU runs', () => other.hypervisor.running.has(vmId));
    expect((await readFile(other.volumeOf(vmId))).equals(bytes)).toBe(true);
    expect(other.hypervisor.disks.get(vmId)).toBeGreaterThan(bytes.length);
    await writeFile(other.volumeOf(vmId), 'what its guest wrote since');
    await other.take(restored(4, manifestSha256, { specRevision: 12n }));
    await other.until('booted again', () => other.hypervisor.starts.at(-1) === bootNumber(4).bootId);
    expect(await readFile(other.volumeOf(vmId), 'utf8')).toBe('what its guest wrote since');
  });

  test('given a store that lost the backup / then the boot fails by that name, and the disk that is here stays', async () => {
    const { host, manifestSha256 } = await backedUp();
    await rm(join(host.storeDir, vmId), { recursive: true });
    await writeFile(host.volumeOf(vmId), 'what is here');
    await host.take(restored(2, manifestSha256));
    await host.until('failed', () => phase(host) === 'failed', 1_000);
    expect(host.last(vmId)?.observation).toMatchObject({ code: 'chunk-absent' });
    expect(await readFile(host.volumeOf(vmId), 'utf8')).toBe('what is here');
  });

  test('given the agent ends in the middle / when the next one starts / then it goes on, and the VM boots', async () => {
    const { host, bytes, manifestSha256 } = await backedUp();
    const other = await hostBeside(host);
    await mkdir(dirname(other.volumeOf(vmId)), { recursive: true });
    await other.take(restored(2, manifestSha256));
    await other.endAgent();
    await other.startAgent();
    await other.take(restored(2, manifestSha256));
    await other.until('QEMU runs', () => other.hypervisor.running.has(vmId));
    expect((await readFile(other.volumeOf(vmId))).equals(bytes)).toBe(true);
    expect(other.hypervisor.starts).toHaveLength(1);
  });
});
