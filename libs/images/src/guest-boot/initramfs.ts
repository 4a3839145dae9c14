import { type CpioEntry, cpioArchive } from '../cpio.ts';
import { ImageError, isImageError } from '../image-error.ts';
import { addSystem } from '../initramfs.ts';
import type { Kernel } from '../kernel.ts';
import type { AgentBundle } from '../measured/bundle-agent.ts';
import { withoutSections } from '../measured/elf-sections.ts';
import { addDirectory, addFile, addProgram, addProgramBytes, readMember, type Tree } from '../tree.ts';

/** What an owner's VM talks to before its disk is open, and what the disk's own system finds loaded: QEMU's devices, the
 *  power button, a way to say that it panicked; device-mapper with encryption, integrity and verity; and the ciphers these
 *  ask the kernel for by name, which no module says it depends on (xts is made of ecb, hmac-sha256 integrity of authenc).
 *  Not virtio_rng: a host that gives randomness must not be believed to, and the processor gives its own. */
export const guestBootModules: readonly string[] = [
  ...['virtio_pci', 'virtio_blk', 'virtio_console', 'virtio_net', 'button', 'evdev', 'pvpanic_pci'],
  ...['dm_mod', 'dm_crypt', 'dm_integrity', 'dm_verity'],
  ...['ecb', 'xts', 'cryptd', 'crypto_simd', 'aesni_intel', 'sha256_generic', 'sha256_ssse3', 'hmac', 'authenc'],
];

/** Reports of the secure processor, in kernels whose packages bring them as modules (6.7 and newer). */
export const guestBootModulesWhereThere: readonly string[] = ['tsm', 'sev_guest'];

/** The Debian packages its programs and all libraries come from, Node's too: nothing of the building machine is in it. */
export const guestBootPackages: readonly string[] = ['busybox-static', 'cryptsetup-bin', 'e2fsprogs', 'libstdc++6'];

/** What the agent runs. */
const programs = ['sbin/cryptsetup', 'sbin/veritysetup', 'sbin/integritysetup', 'sbin/e2fsck', 'sbin/resize2fs'];

/** libcryptsetup ends a thread of Argon2id with it, and asks for it only then. */
const loadedLater = ['libgcc_s.so.1'];

/** The commands of `guest-boot/init`, and those the agent may run. */
const applets = [
  ...['sh', 'mount', 'umount', 'insmod', 'sleep', 'sync', 'poweroff', 'switch_root', 'mkfifo', 'mkdir', 'ip'],
  ...['hostname', 'blockdev', 'dd', 'cat', 'ls'],
];

const directories = ['agent', 'etc', 'root', 'run', 'new-run', 'tmp', 'mnt', 'var'];

/** The first RAM disk of every owner's VM of a network. Uncompressed: under emulation, reading more is quicker than
 *  unpacking. Equal inputs give equal bytes. */
export async function guestBootInitramfs(from: {
  /** Where the packages were unpacked. */
  readonly root: string;
  readonly kernel: Kernel;
  readonly init: Uint8Array;
  readonly agent: AgentBundle;
  readonly node: Uint8Array;
}): Promise<Uint8Array> {
  const { root } = from;
  const tree: Tree = new Map<string, CpioEntry>();
  addSystem(tree, { busybox: await readMember(root, 'bin/busybox'), applets, modules: from.kernel.modules });
  for (const dir of directories) addDirectory(tree, dir);
  for (const program of programs) await addProgram(tree, root, program);
  for (const name of loadedLater) {
    addFile(tree, `lib/x86_64-linux-gnu/${name}`, await readMember(root, `lib/x86_64-linux-gnu/${name}`), 0o644);
  }
  await addNode(tree, root, from.node);
  addFile(tree, 'init', from.init, 0o755);
  for (const [name, bytes] of from.agent) addFile(tree, `agent/${name}`, bytes, 0o644);
  return cpioArchive([...tree.values()].map(withoutSymbols));
}

async function addNode(tree: Tree, root: string, bytes: Uint8Array): Promise<void> {
  await addProgramBytes(tree, root, 'bin/node', bytes).catch((error: unknown) => {
    if (!isImageError(error, 'package-unusable')) throw error;
    throw new ImageError(
      'image-build-failed',
      `the Node that runs this needs what Debian's packages do not bring: ${error.message}; run it with the Node that npm installs`,
    );
  });
}

/** Programs and libraries without what no loader reads: a quarter of Node. */
function withoutSymbols(entry: CpioEntry): CpioEntry {
  const isProgram = entry.kind === 'file' && (entry.path === 'bin/node' || entry.path.startsWith('lib/'));
  return isProgram ? { ...entry, bytes: withoutSections(entry.bytes) } : entry;
}
