import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createOverlay,
  findTool,
  freePort,
  type GuestChannelEvent,
  type GuestHostKey,
  hccDirs,
  isHostError,
  killQemu,
  openGuestChannel,
  type Progress,
  probeAccelerator,
  run,
  startQemu,
  stopQemu,
  type VmHardware,
  vmFiles,
} from '#host';
import { buildDebianImage } from './build-debian-image.ts';
import { isImageError } from './image-error.ts';
import { sshFixture } from './ssh.fixture.ts';
import { type Image, imagesDir, verifyImage } from './store.ts';

// Its own verb, `npm run images`: building takes half a minute of an idle machine, booting under emulation another.

const names = ['qemu-system-x86_64', 'qemu-img', 'ssh', 'ssh-keygen', 'mke2fs', 'debugfs', 'apt-get'] as const;
const missing = (await Promise.all(names.map((name) => findTool(name)))).flatMap((tool) =>
  tool.kind === 'missing' ? [tool.wanted] : [],
);
const reason = missing.length === 0 ? '' : ` (skipped: no ${missing.join(', no ')})`;
const mebibyte = 1024 * 1024;
const apps = (process.env.HCC_IMAGE_APPS ?? '').split(',').filter((app) => app !== '');

describe.skipIf(missing.length > 0)(`a full Debian${reason}`, () => {
  let dir = '';
  let image: Image;
  let person: ReturnType<typeof sshFixture>;
  const started: VmHardware[] = [];
  const cacheDir = hccDirs(process.env, process.cwd()).cacheDir;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hcc-deb-'));
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'owner@test', '-f', join(dir, 'id')]);
    const startedAt = performance.now();
    image = await buildDebianImage({ cacheDir, apps, report });
    note(
      `built or found in ${seconds(startedAt)} s: rootfs ${Math.round(image.manifest.rootfs.bytes / mebibyte)} MiB, initrd ${Math.round(image.manifest.initrd.bytes / mebibyte)} MiB`,
    );
    person = sshFixture(dir, image.manifest.sshUser);
  }, 3_000_000);

  afterAll(async () => {
    for (const { vmId, files } of started) await killQemu(vmId, files);
    await rm(dir, { recursive: true, force: true });
  });

  test('given an image that is there / when it is asked for again / then nothing is built, and every byte is what its name says', async () => {
    const steps: Progress[] = [];
    const again = await buildDebianImage({ cacheDir, apps, report: (step) => steps.push(step) });
    expect([again.digest, steps]).toEqual([image.digest, []]);
    await verifyImage(image.dir);
    expect(image.manifest).toMatchObject({
      manifestVersion: 2,
      os: { id: 'debian', version: '12' },
      inputs: { kind: 'packages', count: expect.any(Number) },
    });
  });

  test('given a build / when its caller gives up / then it ends and leaves nothing half-built', async () => {
    const own = join(dir, 'cancelled');
    const caller = new AbortController();
    const failure = await buildDebianImage({
      cacheDir: own,
      report: ({ detail }) => detail.startsWith('fetching') && caller.abort(),
      signal: caller.signal,
    }).catch((error: unknown) => error);
    expect(isHostError(failure, 'command-aborted'), String(failure)).toBe(true);
    expect(await readdir(imagesDir(own))).toEqual(['recipes']);
    expect(await readdir(join(imagesDir(own), 'recipes'))).toEqual([]);
  }, 300_000);

  test('given an app that Debian does not have / when it is built in / then it is named', async () => {
    const failure = await buildDebianImage({
      cacheDir: join(dir, 'wrong'),
      apps: ['no-such-app-anywhere'],
      report: () => undefined,
    }).catch((error: unknown) => error);
    expect(isImageError(failure, 'image-build-failed') && failure.message).toContain('no-such-app-anywhere');
    const hostile = buildDebianImage({ cacheDir, apps: ['?essential'], report: () => undefined });
    await expect(hostile).rejects.toMatchObject({ code: 'image-build-failed' });
  }, 300_000);

  test('given a VM of it / when it boots / then systemd reaches multi-user, its owner is let in by key, and the power button is heard', async () => {
    const hardware = await newVm();
    const startedAt = performance.now();
    const vm = await startQemu(hardware);
    const { hostKey, close } = await ready(hardware, 'deb');
    const readyS = seconds(startedAt);
    await person.pin(hardware.sshPort, hostKey);
    expect(await person.ssh(hardware.sshPort, 'hostname')).toBe('deb\n');
    const loginS = seconds(startedAt);
    const state = await person.ssh(hardware.sshPort, 'systemctl is-system-running --wait || systemctl --failed');
    note(
      `ready after ${readyS} s, SSH command done after ${loginS} s, all units settled after ${seconds(startedAt)} s`,
    );
    expect(state).toBe('running\n');
    expect(await person.ssh(hardware.sshPort, 'systemctl is-active multi-user.target ssh hcc-guest-channel')).toBe(
      'active\nactive\nactive\n',
    );
    const size = await person.ssh(hardware.sshPort, 'df -m --output=size / | tail -n 1; find / -xdev -nouser | wc -l');
    expect(Number(size.split('\n')[0]), 'the file system fills the 4 GiB disk').toBeGreaterThan(3_700);
    expect(size.split('\n')[1], 'nothing belongs to nobody').toBe('0');
    expect(await person.methodsWithoutKey(hardware.sshPort)).toBe('publickey');
    expect(await person.ssh(hardware.sshPort, 'dpkg --audit; modprobe overlay && wc -c </etc/machine-id')).toBe('33\n');
    for (const app of apps) {
      expect(await person.ssh(hardware.sshPort, `dpkg-query -W -f '\${Status}' ${app}`)).toBe('install ok installed');
    }
    if (apps.includes('docker.io')) {
      note(`docker: ${await person.ssh(hardware.sshPort, 'docker info --format "{{.ServerVersion}} {{.Driver}}"')}`);
    }
    close();
    const stopped = await stopQemu(vm, { powerdownMs: 60_000 });
    expect(stopped).toEqual({ how: 'acpi', exit: { reason: 'guest-shutdown' } });

    const second = await startQemu(hardware);
    const again = await ready(hardware, 'deb');
    expect(again.hostKey, 'a reboot of the same disk keeps the host key').toEqual(hostKey);
    again.close();
    await stopQemu(second, { powerdownMs: 0 });
  }, 600_000);

  async function newVm(): Promise<VmHardware> {
    const vmId = randomUUID();
    const files = vmFiles({ stateDir: dir, vmId, env: {} });
    await createOverlay({ base: image.rootfsPath, path: files.disk, diskBytes: 4_096 * mebibyte });
    const { accelerator } = await probeAccelerator();
    const { kernelPath, initrdPath, manifest } = image;
    const hardware: VmHardware = {
      vmId,
      accelerator,
      cpus: 1,
      memoryBytes: 512 * mebibyte,
      boot: { kernelPath, initrdPath, cmdline: manifest.cmdline },
      diskFormat: 'qcow2',
      sshPort: await freePort(),
      files,
    };
    started.push(hardware);
    return hardware;
  }

  async function ready(hardware: VmHardware, hostname: string): Promise<{ hostKey: GuestHostKey; close: () => void }> {
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
});

function report({ step, detail }: Progress): void {
  note(`${step}: ${detail}`);
}

function note(text: string): void {
  process.stderr.write(`debian image: ${text}\n`);
}

function seconds(startedAt: number): string {
  return ((performance.now() - startedAt) / 1_000).toFixed(1);
}
