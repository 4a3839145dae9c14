import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ImageError } from './image-error.ts';
import { loadOrder, moduleDependencies, moduleName } from './kernel-modules.ts';
import { limits } from './limits.ts';
import { readMember } from './tree.ts';

/** A kernel and the drivers that are wanted of it, from an unpacked kernel package. */
export type Kernel = {
  readonly release: string;
  readonly image: Uint8Array;
  /** In the order they are to be loaded in. */
  readonly modules: readonly { readonly name: string; readonly bytes: Uint8Array }[];
};

/** Reads the kernel and its drivers: every one of `wanted` with all it depends on, and of `whereThere` those this kernel has
 *  as modules. Refuses with `package-unusable`, naming the driver that is neither a module nor built in. */
export async function readKernel(
  unpackedRoot: string,
  wanted: readonly string[],
  whereThere: readonly string[] = [],
): Promise<Kernel> {
  const releases = await readdir(join(unpackedRoot, 'lib', 'modules'));
  const [release] = releases;
  if (release === undefined || releases.length !== 1) {
    throw new ImageError('package-unusable', `wanted one kernel in the packages, observed ${releases.length}`);
  }
  const base = join('lib', 'modules', release);
  const builtin = await readFile(join(unpackedRoot, base, 'modules.builtin'), 'utf8');
  const paths = await modulePaths(unpackedRoot, base);
  const all = [...wanted, ...whereThere.filter((name) => paths.has(moduleName(name)))];
  const bytes = await readClosure(unpackedRoot, paths, all);
  const order = loadOrder(all, new Set(builtin.split('\n').map((line) => moduleName(basename(line)))), (name) => {
    const found = bytes.get(name);
    return found === undefined ? undefined : moduleDependencies(found);
  });
  return {
    release,
    image: await readMember(unpackedRoot, `boot/vmlinuz-${release}`),
    modules: order.flatMap((name) => {
      const found = bytes.get(name);
      return found === undefined ? [] : [{ name: `${name}.ko`, bytes: found }];
    }),
  };
}

/** The modules by name with all they depend on, as far as they are modules: read first, which keeps the ordering pure. */
async function readClosure(
  unpackedRoot: string,
  paths: ReadonlyMap<string, string>,
  names: readonly string[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  const waiting = names.map(moduleName);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const path = paths.get(name);
    if (path === undefined || found.has(name)) continue;
    if (found.size >= limits.moduleCountMax) {
      throw new ImageError('package-unusable', `more than ${limits.moduleCountMax} kernel modules for ${name}`);
    }
    const bytes = await readMember(unpackedRoot, path);
    found.set(name, bytes);
    waiting.push(...moduleDependencies(bytes));
  }
  return found;
}

async function modulePaths(unpackedRoot: string, base: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(join(unpackedRoot, base, 'kernel'), { recursive: true });
  const paths = new Map<string, string>();
  for (const entry of entries) {
    if (entry.endsWith('.ko')) paths.set(moduleName(basename(entry)), join(base, 'kernel', entry));
  }
  return paths;
}
