import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  adoptQemu,
  createOverlay,
  findTool,
  freePort,
  type GuestChannelEvent,
  type GuestHostKey,
  hccDirs,
  isHostError,
  killQemu,
  openGuestChannel,
  probeAccelerator,
  type RunningVm,
  run,
  silent,
  startQemu,
  stopQemu,
  type VmHardware,
  vmFiles,
} from '#host';
import { buildTinyImage } from './build-tiny-image.ts';
import { sshFixture } from './ssh.fixture.ts';
import type { Image } from './store.ts';

const missing = (
  await Promise.all((['qemu-system-x86_64', 'qemu-img', 'ssh', 'ssh-keygen'] as const).map((name) => findTool(name)))
).flatMap((tool) => (tool.kind === 'missing' ? [tool.wanted] : []));
const reason = missing.length === 0 ? '' : ` (skipped: no ${missing.join(', no ')})`;

describe.skipIf(missing.length > 0)(`the small image under real QEMU${reason}`, () => {
  let dir = '';
  let image: Image;
  let person: ReturnType<typeof sshFixture>;
  const started: VmHardware[] = [];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hcc-vm-'));
    image = await buildTinyImage({ cacheDir: hccDirs(process.env, process.cwd()).cacheDir, report: silent });
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'owner@test', '-f', join(dir, 'id')]);
    person = sshFixture(dir, image.manifest.sshUser);
  });

  afterAll(async () => {
    for (const { vmId, files } of started) await killQemu(vmId, files);
    await rm(dir, { recursive: true, force: true });
  });

  test('given a new VM / when it boots / then its owner is let in by key, and ssh sees the host key the channel told', async () => {
    const hardware = await newVm();
    const startedAt = performance.now();
    const { vm, hostKey, close } = await boot(hardware, 'first-vm');
    const readyMs = performance.now() - startedAt;
    await person.pin(hardware.sshPort, hostKey);
    const answer = await person.ssh(hardware.sshPort, 'uname -a; hostname; df -m / | tail -n 1');
    const loginMs = performance.now() - startedAt;
    process.stderr.write(
      `tiny image: ready after ${Math.round(readyMs)} ms, SSH command done after ${Math.round(loginMs)} ms\n`,
    );
    expect(answer).toMatch(/^Linux first-vm 6\..* x86_64 GNU\/Linux\nfirst-vm\n/);
    expect(Number(/\/dev\/vda +(\d+)/.exec(answer)?.[1]), 'the file system fills the 512 MiB disk').toBeGreaterThan(
      450,
    );
    expect(await person.methodsWithoutKey(hardware.sshPort)).toBe('publickey');

    close();
    vm.release();
    const adopted = await adoptQemu(hardware.vmId, hardware.files);
    expect(adopted?.process, 'the next agent finds the same process').toEqual(vm.process);
    if (adopted === undefined) return;
    const again = await awaitGuest(hardware, 'first-vm');
    again.close();
    expect(again.hostKey, 'and the guest says its key again').toEqual(hostKey);

    const stopped = await stopQemu(adopted, { powerdownMs: 20_000 });
    expect(stopped).toEqual({ how: 'acpi', exit: { reason: 'guest-shutdown' } });
    expect(await readFile(hardware.files.serialLog, 'utf8')).toContain('shutdown: disk is clean');
    expect(await adoptQemu(hardware.vmId, hardware.files)).toBeUndefined();

    const second = await boot(hardware, 'renamed');
    expect(second.hostKey, 'a reboot of the same disk keeps the host key').toEqual(hostKey);
    expect(await person.ssh(hardware.sshPort, 'hostname')).toBe('renamed\n');
    await person.ssh(hardware.sshPort, 'reboot');
    expect(await second.vm.exited).toEqual({ reason: 'guest-reset' });
    second.close();
  });

  test('given two VMs of one image / when both have booted / then each has its own host key, and a panic is told', async () => {
    const [one, two] = [await newVm(), await newVm()];
    const [first, second] = await Promise.all([boot(one, 'one'), boot(two, 'two')]);
    expect(first.hostKey.fingerprint).not.toBe(second.hostKey.fingerprint);
    second.close();
    await person.pin(one.sshPort, first.hostKey);
    await person.ssh(one.sshPort, 'echo c > /proc/sysrq-trigger').catch(() => undefined);
    expect(await first.vm.exited).toEqual({ reason: 'guest-panic' });
    first.close();
    expect(await stopQemu(second.vm, { powerdownMs: 0 })).toEqual({ how: 'quit', exit: { reason: 'host-qmp-quit' } });
  });

  test('given an agent that is gone while its VM boots / when the next one comes / then the guest asks it again', async () => {
    const hardware = await newVm();
    const vm = await startQemu(hardware);
    await serialSays(hardware, 'guest-channel: asking');
    vm.release();
    const adopted = await adoptQemu(hardware.vmId, hardware.files);
    const { hostKey, close } = await awaitGuest(hardware, 'late');
    expect(hostKey.fingerprint).toMatch(/^SHA256:/);
    close();
    adopted?.release();
    expect(await killQemu(hardware.vmId, hardware.files)).toBe('killed');
  });

  test('given a VM that runs / when it is started again / then that is refused and the VM goes on', async () => {
    const hardware = await newVm();
    const vm = await startQemu(hardware);
    await expect(startQemu(hardware)).rejects.toMatchObject({ code: 'qemu-already-running' });
    const other = { ...(await newVm()), sshPort: hardware.sshPort };
    await expect(startQemu(other)).rejects.toMatchObject({ code: 'port-in-use' });
    const broken = { ...(await newVm()), boot: { ...hardware.boot, kernelPath: join(dir, 'no-kernel') } };
    const failure = await startQemu(broken).catch((error: unknown) => error);
    expect(isHostError(failure, 'qemu-died-at-start') && failure.message).toContain('no-kernel');
    expect(await vm.qmp.execute('query-status')).toMatchObject({ running: true });
    expect(await stopQemu(vm, { powerdownMs: 0 })).toMatchObject({ how: 'quit' });
  });

  async function newVm(): Promise<VmHardware> {
    const vmId = randomUUID();
    const files = vmFiles({ stateDir: dir, vmId, env: {} });
    await createOverlay({ base: image.rootfsPath, path: files.disk, diskBytes: 512 * 1024 * 1024 });
    const { accelerator } = await probeAccelerator();
    const { kernelPath, initrdPath, manifest } = image;
    const hardware: VmHardware = {
      vmId,
      accelerator,
      cpus: 1,
      memoryBytes: 256 * 1024 * 1024,
      boot: { kernelPath, initrdPath, cmdline: manifest.cmdline },
      diskFormat: 'qcow2',
      sshPort: await freePort(),
      files,
    };
    started.push(hardware);
    return hardware;
  }

  type Booted = { readonly vm: RunningVm; readonly hostKey: GuestHostKey; readonly close: () => void };

  async function boot(hardware: VmHardware, hostname: string): Promise<Booted> {
    const vm = await startQemu(hardware);
    return { vm, ...(await awaitGuest(hardware, hostname)) };
  }

  async function awaitGuest(
    hardware: VmHardware,
    hostname: string,
  ): Promise<{ hostKey: GuestHostKey; close: () => void }> {
    const authorizedKeys = [(await readFile(join(dir, 'id.pub'), 'utf8')).trim()];
    return new Promise((resolve, reject) => {
      const onEvent = (event: GuestChannelEvent): void => {
        if (event.kind === 'ready') resolve({ hostKey: event.hostKey, close: channel.close });
        if (event.kind === 'failed') reject(new Error(event.detail));
        if (event.kind === 'misbehaved') reject(new Error(event.reason));
      };
      const channel = openGuestChannel({
        socketPath: hardware.files.agentSocket,
        access: { hostname, authorizedKeys },
        onEvent,
      });
    });
  }

  async function serialSays(hardware: VmHardware, wanted: string): Promise<void> {
    await expect.poll(() => readFile(hardware.files.serialLog, 'utf8'), { timeout: 40_000 }).toContain(wanted);
  }
});
