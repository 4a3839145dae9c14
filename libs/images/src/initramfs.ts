import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type CpioEntry, cpioArchive } from './cpio.ts';
import type { GuestFile } from './guest-files.ts';
import { ImageError } from './image-error.ts';
import { loadOrder, moduleDependencies, moduleName } from './kernel-modules.ts';
import { addDirectory, addFile, addGuestFiles, addLink, readMember, type Tree } from './tree.ts';

/** The image's kernel and the drivers it needs, from an unpacked kernel package. */
export type Kernel = {
  readonly release: string;
  readonly image: Uint8Array;
  readonly modules: readonly { readonly name: string; readonly bytes: Uint8Array }[];
};

/** What the guest must be able to talk to: QEMU's virtio devices, the power button (button + evdev),
 *  and a way to say that it panicked (pvpanic).
 *  ext4 and the rest are built into Debian's cloud kernel. */
const wantedModules = [
  'virtio_pci',
  'virtio_blk',
  'virtio_console',
  'virtio_net',
  'virtio_rng',
  'button',
  'evdev',
  'pvpanic_pci',
];

/** The commands `initramfs/init` uses. */
const applets = ['sh', 'mount', 'insmod', 'ip', 'sleep', 'sync', 'poweroff', 'switch_root'];

/** Reads the kernel and its drivers, in the order they are to be loaded in. */
export async function readKernel(unpackedRoot: string): Promise<Kernel> {
  const releases = await readdir(join(unpackedRoot, 'lib', 'modules'));
  const [release] = releases;
  if (release === undefined || releases.length !== 1) {
    throw new ImageError('package-unusable', `wanted one kernel in the packages, observed ${releases.length}`);
  }
  const base = join('lib', 'modules', release);
  const builtin = await readFile(join(unpackedRoot, base, 'modules.builtin'), 'utf8');
  const paths = await modulePaths(unpackedRoot, base);
  const bytes = new Map<string, Uint8Array>();
  // Few and small enough to be read before the order is known, which keeps the ordering pure.
  for (const [name, path] of paths) if (mayBeNeeded(path)) bytes.set(name, await readMember(unpackedRoot, path));
  const order = loadOrder(
    wantedModules,
    new Set(builtin.split('\n').map((line) => moduleName(basename(line)))),
    (name) => {
      const found = bytes.get(name);
      return found === undefined ? undefined : moduleDependencies(found);
    },
  );
  return {
    release,
    image: await readMember(unpackedRoot, `boot/vmlinuz-${release}`),
    modules: order.flatMap((name) => {
      const found = bytes.get(name);
      return found === undefined ? [] : [{ name: `${name}.ko`, bytes: found }];
    }),
  };
}

/** The uncompressed first RAM disk: busybox, the drivers in their order, and `init`. Equal inputs give equal bytes. */
export function buildInitramfs(busybox: Uint8Array, kernel: Kernel, guestFiles: readonly GuestFile[]): Uint8Array {
  const tree: Tree = new Map<string, CpioEntry>();
  for (const dir of ['bin', 'dev', 'proc', 'sys', 'root', 'modules']) addDirectory(tree, dir);
  // The kernel opens this for init before anything is mounted.
  tree.set('dev/console', { kind: 'character-device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 });
  addFile(tree, 'bin/busybox', busybox, 0o755);
  for (const applet of applets) addLink(tree, `bin/${applet}`, 'busybox');
  for (const module of kernel.modules) addFile(tree, `modules/${module.name}`, module.bytes, 0o644);
  const order = kernel.modules.map((module) => `${module.name}\n`).join('');
  addFile(tree, 'modules/order', Buffer.from(order), 0o644);
  addGuestFiles(tree, guestFiles);
  return cpioArchive([...tree.values()]);
}

async function modulePaths(unpackedRoot: string, base: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(join(unpackedRoot, base, 'kernel'), { recursive: true });
  const paths = new Map<string, string>();
  for (const entry of entries) {
    if (entry.endsWith('.ko')) paths.set(moduleName(basename(entry)), join(base, 'kernel', entry));
  }
  return paths;
}

function mayBeNeeded(path: string): boolean {
  return /virtio|failover|pvpanic|\/acpi\/|\/input\/|\/net\/core\//.test(path) || path.includes('hw_random');
}
