import { ImageError } from './image-error.ts';
import { limits } from './limits.ts';

/** The modules a kernel module says it depends on. Pure: reads `depends=` of its .modinfo section, because neither
 *  modinfo nor modules.dep is there for a kernel that was unpacked and not installed. */
export function moduleDependencies(bytes: Uint8Array): readonly string[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = view.indexOf('\0depends=');
  if (start < 0) return [];
  const from = start + '\0depends='.length;
  const text = view.toString('latin1', from, view.indexOf(0, from));
  return text === '' ? [] : text.split(',').map(moduleName);
}

/** `virtio-rng` and `virtio_rng` are one module: files use either, dependencies use `_`. */
export function moduleName(fileName: string): string {
  return fileName.replace(/\.ko$/, '').replaceAll('-', '_');
}

/** The modules to load and the order to load them in: every wanted one after all it depends on. Pure.
 *  `read` gives a module's dependencies, or undefined for one that is built into the kernel or absent.
 *  Refuses a wanted module that is absent and not named in `builtin`. */
export function loadOrder(
  wanted: readonly string[],
  builtin: ReadonlySet<string>,
  read: (name: string) => readonly string[] | undefined,
): readonly string[] {
  const order: string[] = [];
  const visited = new Set<string>();
  const visit = (name: string, neededBy: string): void => {
    if (visited.has(name) || builtin.has(name)) return;
    visited.add(name);
    if (visited.size > limits.moduleCountMax) {
      throw new ImageError('package-unusable', `more than ${limits.moduleCountMax} kernel modules for ${neededBy}`);
    }
    const dependencies = read(name);
    if (dependencies === undefined) {
      throw new ImageError('package-unusable', `the kernel package has no module ${name}, needed by ${neededBy}`, {
        name,
      });
    }
    for (const dependency of dependencies) visit(dependency, name);
    order.push(name);
  };
  for (const name of wanted) visit(moduleName(name), 'the image');
  return order;
}
