import { chmod, cp, lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { run } from '#host';
import { epochSeconds, type Ownership } from './ext4.ts';
import type { GuestFile } from './guest-files.ts';
import { limits } from './limits.ts';
import { listTar } from './tar-list.ts';

/** A root file system laid out in a directory: who owns what, and how much room it takes. */
export type StagedRoot = { readonly stage: string; readonly owners: readonly Ownership[]; readonly bytes: number };

export type DebianPackage = { readonly name: string; readonly version: string; readonly architecture: string };

/** Unpacks a bootstrapped Debian below `stage` and makes it a guest of ours: our units and settings, the kernel's
 *  drivers, no key or identity that two VMs would share. Needs no root: owners come from the archive. */
export async function stageDebian(options: {
  readonly tarPath: string;
  readonly stage: string;
  readonly guestFiles: readonly GuestFile[];
  /** Where the kernel's package was unpacked, and the release whose drivers to take. */
  readonly unpackedRoot: string;
  readonly kernelRelease: string;
  readonly signal?: AbortSignal;
}): Promise<StagedRoot> {
  const { tarPath, stage, signal } = options;
  const members = await listTar(tarPath);
  await mkdir(stage);
  // Device nodes need root to make, and the guest's kernel makes its own.
  const unpack = ['-xpf', tarPath, '-C', stage, '--no-same-owner', '--exclude=./dev/*'];
  await run('tar', unpack, { timeoutMs: limits.fileSystemTimeoutMs, ...(signal && { signal }) });
  await forget(stage);
  await addOurs(stage, options.guestFiles);
  await addDrivers(options);
  const owned = new Map(members.map((member) => [member.path, member]));
  const owners: Ownership[] = [{ path: '', uid: 0, gid: 0, mtimeSeconds: epochSeconds }];
  let bytes = 0;
  for (const path of await pathsBelow(stage)) {
    const { uid, gid, mtimeSeconds } = owned.get(path) ?? { uid: 0, gid: 0, mtimeSeconds: epochSeconds };
    owners.push({ path, uid, gid, mtimeSeconds });
    const { size } = await lstat(join(stage, path));
    bytes += Math.ceil(size / 4096) * 4096;
  }
  owners.push({ path: 'lost+found', uid: 0, gid: 0, mtimeSeconds: epochSeconds });
  return { stage, owners, bytes };
}

/** What dpkg has installed below a root, sorted by name. */
export async function installedPackages(stage: string): Promise<readonly DebianPackage[]> {
  const status = await readFile(join(stage, 'var/lib/dpkg/status'), 'utf8');
  return status
    .split('\n\n')
    .flatMap((paragraph) => {
      const field = (name: string): string | undefined =>
        new RegExp(`^${name}: (.+)$`, 'm').exec(paragraph)?.[1]?.trim();
      const [name, version, architecture] = [field('Package'), field('Version'), field('Architecture')];
      const isInstalled = field('Status') === 'install ok installed';
      return isInstalled && name !== undefined && version !== undefined && architecture !== undefined
        ? [{ name, version, architecture }]
        : [];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What Debian's own /etc/os-release says it is. */
export async function osOf(stage: string): Promise<{ readonly id: string; readonly version: string }> {
  const text = await readFile(join(stage, 'usr/lib/os-release'), 'utf8');
  const field = (name: string): string => new RegExp(`^${name}="?([^"\n]+)"?$`, 'm').exec(text)?.[1] ?? 'unknown';
  return { id: field('ID'), version: field('VERSION_ID') };
}

/** Removes what belongs to one machine, and what differs between two builds of the same packages. */
async function forget(stage: string): Promise<void> {
  const ssh = join(stage, 'etc/ssh');
  const keys = (await readdir(ssh)).filter((name) => name.startsWith('ssh_host_'));
  const paths = [...keys.map((name) => join(ssh, name)), join(stage, 'var/cache/ldconfig/aux-cache')];
  for (const path of paths) await rm(path, { force: true });
  // Empty and not absent: systemd then gives each VM an identity of its own without treating it as unconfigured.
  await writeFile(join(stage, 'etc/machine-id'), '');
}

/** Units that wait for udev's devices, which this image does without, or have nothing to do in a VM. */
const masked = [
  ...['serial-getty@ttyS0.service', 'getty.target', 'getty-static.service', 'console-getty.service'],
  ...['dev-hugepages.mount', 'dev-mqueue.mount', 'sys-kernel-debug.mount', 'sys-kernel-tracing.mount'],
  ...['systemd-pstore.service', 'e2scrub_reap.service', 'e2scrub_all.timer', 'fstrim.timer'],
  ...['apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer'],
];
const enabled = ['hcc-boot.service', 'hcc-guest-channel.service', 'hcc-power-button.service'];

async function addOurs(stage: string, guestFiles: readonly GuestFile[]): Promise<void> {
  for (const { path, bytes } of guestFiles) {
    const isScript = Buffer.from(bytes.subarray(0, 2)).toString('latin1') === '#!';
    const at = join(stage, path);
    await mkdir(dirname(at), { recursive: true });
    // Not through a link that a package left there.
    await rm(at, { force: true });
    await writeFile(at, bytes);
    await chmod(at, isScript ? 0o755 : 0o644);
  }
  const units = join(stage, 'etc/systemd/system');
  for (const unit of masked) await link('/dev/null', join(units, unit));
  for (const unit of enabled) await link(`../${unit}`, join(units, 'multi-user.target.wants', unit));
  // The first RAM disk looks for it below its own root, where an absolute link would lead nowhere.
  await link('../lib/systemd/systemd', join(stage, 'usr/sbin/init'));
}

async function link(target: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  await symlink(target, path);
}

/** The drivers of the kernel QEMU starts, where modprobe looks for them, with an index made by the guest's own depmod. */
async function addDrivers({
  stage,
  unpackedRoot,
  kernelRelease,
  signal,
}: {
  readonly stage: string;
  readonly unpackedRoot: string;
  readonly kernelRelease: string;
  readonly signal?: AbortSignal;
}): Promise<void> {
  const modules = join('lib/modules', kernelRelease);
  await cp(join(unpackedRoot, modules), join(stage, 'usr', modules), { recursive: true, verbatimSymlinks: true });
  const libraries = join(stage, 'usr/lib/x86_64-linux-gnu');
  const loader = join(libraries, 'ld-linux-x86-64.so.2');
  const depmod = ['--library-path', libraries, '--argv0', 'depmod', join(stage, 'usr/bin/kmod')];
  await run(loader, [...depmod, '-b', stage, kernelRelease], signal === undefined ? {} : { signal });
}

async function pathsBelow(dir: string): Promise<readonly string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.map((entry) => relative(dir, join(entry.parentPath, entry.name))).sort();
}
