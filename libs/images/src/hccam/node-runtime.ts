import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '#host';
import { elfNeeds } from '../elf.ts';
import { ImageError } from '../image-error.ts';
import { limits } from '../limits.ts';
import { withoutSections } from '../measured/elf-sections.ts';
import { addFile, type Tree } from '../tree.ts';

/** Adds the Node that runs this program, as `bin/node`, and the shared libraries it needs from this machine, each where
 *  the loader looks. Its symbols stay out: 18 MB that nothing there reads. Refuses with `image-build-failed` when a library is missing. */
export async function addNode(tree: Tree): Promise<void> {
  const bytes = await readFile(process.execPath);
  const { interpreter, libraries } = elfNeeds(bytes, process.execPath);
  addFile(tree, 'bin/node', withoutSections(bytes), 0o755);
  if (interpreter !== undefined) addFile(tree, interpreter.replace(/^\//, ''), await readFile(interpreter), 0o755);
  await addLibraries(tree, libraries, interpreter ?? '');
}

/** Where this machine keeps shared libraries, in the loader's order; in the guest all are in the first. */
const libraryDirs = ['/lib/x86_64-linux-gnu', '/usr/lib/x86_64-linux-gnu', '/lib64', '/usr/lib64', '/lib', '/usr/lib'];

async function addLibraries(tree: Tree, names: readonly string[], interpreter: string): Promise<void> {
  for (const name of names) {
    const path = `lib/x86_64-linux-gnu/${name}`;
    if (tree.has(path) || interpreter.endsWith(`/${name}`)) continue;
    if (tree.size > limits.treeEntriesMax) throw failed(name, `more than ${limits.treeEntriesMax} files`);
    const bytes = await findLibrary(name);
    addFile(tree, path, withoutSections(bytes), 0o644);
    await addLibraries(tree, elfNeeds(bytes, name).libraries, interpreter);
  }
}

async function findLibrary(name: string): Promise<Uint8Array> {
  for (const dir of libraryDirs) {
    try {
      return await readFile(join(dir, name));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
    }
  }
  throw failed(name, `in none of ${libraryDirs.join(', ')}`);
}

function failed(name: string, observed: string): ImageError {
  return new ImageError(
    'image-build-failed',
    `the system VM needs the library ${name} of ${process.execPath}: ${observed}; install it, or run this with the Node that npm installs`,
    { name },
  );
}
