import { type CpioEntry, cpioArchive } from './cpio.ts';
import type { GuestFile } from './guest-files.ts';
import type { Kernel } from './kernel.ts';
import { addDirectory, addFile, addGuestFiles, addLink, type Tree } from './tree.ts';

/** What the guest must be able to talk to: QEMU's virtio devices, the power button (button + evdev),
 *  and a way to say that it panicked (pvpanic).
 *  ext4 and the rest are built into Debian's cloud kernel. */
export const imageModules: readonly string[] = [
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

/** The uncompressed first RAM disk: busybox, the drivers in their order, and `init`. Equal inputs give equal bytes. */
export function buildInitramfs(busybox: Uint8Array, kernel: Kernel, guestFiles: readonly GuestFile[]): Uint8Array {
  const tree: Tree = new Map<string, CpioEntry>();
  addSystem(tree, { busybox, applets, modules: kernel.modules });
  addDirectory(tree, 'root');
  addGuestFiles(tree, guestFiles);
  return cpioArchive([...tree.values()]);
}

/** What every first RAM disk of ours begins with: mount points, a console, busybox by the names of `applets`, and drivers
 *  with the order they load in (`modules/order`). */
export function addSystem(
  tree: Tree,
  parts: {
    readonly busybox: Uint8Array;
    readonly applets: readonly string[];
    readonly modules: Kernel['modules'];
  },
): void {
  for (const dir of ['bin', 'dev', 'proc', 'sys', 'modules']) addDirectory(tree, dir);
  // The kernel opens this for init before anything is mounted.
  tree.set('dev/console', { kind: 'character-device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 });
  addFile(tree, 'bin/busybox', parts.busybox, 0o755);
  for (const applet of parts.applets) addLink(tree, `bin/${applet}`, 'busybox');
  for (const { name, bytes } of parts.modules) addFile(tree, `modules/${name}`, bytes, 0o644);
  const order = parts.modules.map(({ name }) => `${name}\n`).join('');
  addFile(tree, 'modules/order', Buffer.from(order), 0o644);
}
