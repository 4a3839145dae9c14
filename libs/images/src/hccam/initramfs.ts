import { type CpioEntry, cpioArchive } from '../cpio.ts';
import { ImageError } from '../image-error.ts';
import { addSystem } from '../initramfs.ts';
import type { Kernel } from '../kernel.ts';
import { loadOrder, moduleDependencies } from '../kernel-modules.ts';
import type { AgentBundle } from '../measured/bundle-agent.ts';
import { addDirectory, addFile, type Tree } from '../tree.ts';
import { readCpioFiles } from './read-cpio.ts';

/** The first RAM disk of a system VM, which is all it has: busybox and drivers of the small image's, Node, and the agent.
 *  Uncompressed: under emulation, reading more is quicker than unpacking. Equal inputs give equal bytes. */
export function hccamInitramfs(from: {
  /** The small image's own first RAM disk. */
  readonly base: Uint8Array;
  readonly init: Uint8Array;
  readonly agent: AgentBundle;
  readonly runtime: Tree;
}): Uint8Array {
  const files = readCpioFiles(from.base, "the small image's first RAM disk");
  const tree: Tree = new Map<string, CpioEntry>(from.runtime);
  addSystem(tree, { busybox: memberOf(files, 'bin/busybox'), applets, modules: modulesOf(files) });
  for (const dir of ['tmp', 'agent']) addDirectory(tree, dir);
  addFile(tree, 'init', from.init, 0o755);
  for (const [name, bytes] of from.agent) addFile(tree, `agent/${name}`, bytes, 0o644);
  return cpioArchive([...tree.values()]);
}

/** The commands `hccam/init` uses. */
const applets = ['sh', 'mount', 'insmod', 'sleep', 'sync', 'poweroff'];

/** Both ports, randomness, and a way to tell a panic from a reboot. No disk, no network. */
const wantedModules = ['virtio_pci', 'virtio_console', 'virtio_rng', 'pvpanic_pci'];

/** Reports of the secure processor, in kernels whose packages bring them as modules (6.7 and newer). */
const modulesWhereThere = ['tsm', 'sev_guest'];

function modulesOf(files: ReadonlyMap<string, Uint8Array>): Kernel['modules'] {
  const modules = new Map<string, Uint8Array>();
  for (const [path, bytes] of files) {
    const name = /^modules\/(\w+)\.ko$/.exec(path)?.[1];
    if (name !== undefined) modules.set(name, bytes);
  }
  const wanted = [...wantedModules, ...modulesWhereThere.filter((name) => modules.has(name))];
  // The small image has every module it needs, and says nothing of those that are built into its kernel.
  const order = loadOrder(wanted, new Set(), (name) => {
    const found = modules.get(name);
    return found === undefined ? [] : moduleDependencies(found);
  }).filter((name) => modules.has(name));
  return order.map((name) => ({ name: `${name}.ko`, bytes: memberOf(files, `modules/${name}.ko`) }));
}

function memberOf(files: ReadonlyMap<string, Uint8Array>, path: string): Uint8Array {
  const bytes = files.get(path);
  if (bytes === undefined) {
    throw new ImageError('package-unusable', `the small image's first RAM disk has no ${path}; build it again`, {
      path,
    });
  }
  return bytes;
}
