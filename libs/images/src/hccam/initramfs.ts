import { type CpioEntry, cpioArchive } from '../cpio.ts';
import { ImageError } from '../image-error.ts';
import { loadOrder, moduleDependencies } from '../kernel-modules.ts';
import { addDirectory, addFile, addLink, type Tree } from '../tree.ts';
import type { AgentBundle } from './bundle-agent.ts';
import { readCpioFiles } from './read-cpio.ts';

/** The first RAM disk of a system VM, which is all it has: busybox and drivers of the small image's, Node, and the agent.
 *  Uncompressed: under emulation, reading more is quicker than unpacking. Equal inputs give equal bytes. */
export function hccamInitramfs(from: {
  /** The small image's own first RAM disk. */
  readonly base: Uint8Array;
  readonly init: Uint8Array;
  readonly bundle: AgentBundle;
  readonly runtime: Tree;
}): Uint8Array {
  const files = readCpioFiles(from.base, "the small image's first RAM disk");
  const tree: Tree = new Map<string, CpioEntry>(from.runtime);
  for (const dir of ['bin', 'dev', 'proc', 'sys', 'tmp', 'modules', 'agent']) addDirectory(tree, dir);
  tree.set('dev/console', { kind: 'character-device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 });
  addFile(tree, 'bin/busybox', memberOf(files, 'bin/busybox'), 0o755);
  for (const applet of applets) addLink(tree, `bin/${applet}`, 'busybox');
  addModules(tree, files);
  addFile(tree, 'init', from.init, 0o755);
  for (const [name, bytes] of from.bundle) addFile(tree, `agent/${name}`, bytes, 0o644);
  return cpioArchive([...tree.values()]);
}

/** The commands `hccam/init` uses. */
const applets = ['sh', 'mount', 'insmod', 'sleep', 'sync', 'poweroff'];

/** Both ports, randomness, and a way to tell a panic from a reboot. No disk, no network. */
const wantedModules = ['virtio_pci', 'virtio_console', 'virtio_rng', 'pvpanic_pci'];

/** Reports of the secure processor, in kernels whose packages bring them as modules (6.7 and newer). */
const modulesWhereThere = ['tsm', 'sev_guest'];

function addModules(tree: Tree, files: ReadonlyMap<string, Uint8Array>): void {
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
  for (const name of order) addFile(tree, `modules/${name}.ko`, memberOf(files, `modules/${name}.ko`), 0o644);
  addFile(tree, 'modules/order', Buffer.from(order.map((name) => `${name}.ko\n`).join('')), 0o644);
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
