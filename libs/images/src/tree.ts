import { chmod, mkdir, readdir, readFile, readlink, realpath, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import type { CpioEntry } from './cpio.ts';
import { elfNeeds } from './elf.ts';
import type { GuestFile } from './guest-files.ts';
import { ImageError } from './image-error.ts';
import { limits } from './limits.ts';

/** A directory tree as data, by path; what is added later replaces what was there. */
export type Tree = Map<string, CpioEntry>;

export function addDirectory(tree: Tree, path: string, mode = 0o755): void {
  addParents(tree, path);
  tree.set(path, { kind: 'directory', path, mode });
}

export function addFile(tree: Tree, path: string, bytes: Uint8Array, mode: number): void {
  addParents(tree, path);
  tree.set(path, { kind: 'file', path, mode, bytes });
}

export function addLink(tree: Tree, path: string, target: string): void {
  addParents(tree, path);
  tree.set(path, { kind: 'link', path, target });
}

/** Guest files; a script (`#!`) is executable. */
export function addGuestFiles(tree: Tree, files: readonly GuestFile[]): void {
  for (const file of files) {
    const isScript = Buffer.from(file.bytes.subarray(0, 2)).toString('latin1') === '#!';
    addFile(tree, file.path, file.bytes, isScript ? 0o755 : 0o644);
  }
}

/** A program of the unpacked packages, and every shared library it needs, each where the loader looks for it. */
export async function addProgram(tree: Tree, unpackedRoot: string, path: string): Promise<void> {
  await addProgramBytes(tree, unpackedRoot, path, await readMember(unpackedRoot, path));
}

/** A program from elsewhere, and the loader and libraries it needs, which are the packages'. */
export async function addProgramBytes(
  tree: Tree,
  unpackedRoot: string,
  path: string,
  bytes: Uint8Array,
): Promise<void> {
  addFile(tree, path, bytes, 0o755);
  const { interpreter, libraries } = elfNeeds(bytes, path);
  if (interpreter !== undefined) {
    const inside = interpreter.replace(/^\//, '');
    addFile(tree, inside, await readMember(unpackedRoot, inside), 0o755);
  }
  await addLibraries(tree, unpackedRoot, libraries);
}

/** Writes a tree to disk, for programs that read a directory. Owners are the caller's; modes are exact. */
export async function writeTree(tree: Tree, dir: string): Promise<void> {
  for (const entry of [...tree.values()].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const path = join(dir, entry.path);
    switch (entry.kind) {
      case 'directory':
        await mkdir(path, { recursive: true });
        await chmod(path, entry.mode);
        break;
      case 'file':
        await writeFile(path, entry.bytes);
        await chmod(path, entry.mode);
        break;
      case 'link':
        await symlink(entry.target, path);
        break;
      case 'character-device':
        throw new Error(`bug: ${entry.path} is a device node, which only an initramfs can hold`);
    }
  }
}

/** One file of the unpacked packages, following the links inside it. Refuses what is absent, huge or outside. */
export async function readMember(unpackedRoot: string, path: string): Promise<Uint8Array> {
  const root = await realpath(unpackedRoot);
  const real = await realpath(await followAbsoluteLink(root, path)).catch(() => undefined);
  if (real === undefined || relative(root, real).startsWith('..')) {
    throw new ImageError('package-unusable', `the packages have no file ${path}`, { path });
  }
  const { size } = await stat(real);
  if (size > limits.memberBytesMax) {
    const observed = `${size} bytes, at most ${limits.memberBytesMax} expected`;
    throw new ImageError('package-unusable', `${path} has ${observed}`, { path });
  }
  return readFile(real);
}

/** An absolute link inside a package (libc's loader is one) means a place in the package's root, not on this machine. */
async function followAbsoluteLink(root: string, path: string): Promise<string> {
  const at = join(root, path);
  const target: string | undefined = await readlink(at).catch(() => undefined);
  return target?.startsWith('/') === true ? join(root, target) : at;
}

const libraryDir = 'lib/x86_64-linux-gnu';
const librarySources = ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu'];

async function addLibraries(tree: Tree, unpackedRoot: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const path = `${libraryDir}/${name}`;
    if (tree.has(path)) continue;
    const bytes = await readMember(unpackedRoot, await findLibrary(unpackedRoot, name));
    addFile(tree, path, bytes, 0o644);
    await addLibraries(tree, unpackedRoot, elfNeeds(bytes, name).libraries);
  }
}

async function findLibrary(unpackedRoot: string, name: string): Promise<string> {
  for (const dir of librarySources) {
    const names: readonly string[] = await readdir(join(unpackedRoot, dir)).catch(() => []);
    if (names.includes(basename(name))) return join(dir, basename(name));
  }
  throw new ImageError('package-unusable', `no package brings the library ${name}`, { name });
}

function addParents(tree: Tree, path: string): void {
  for (let dir = dirname(path); dir !== '.' && dir !== '/'; dir = dirname(dir)) {
    if (!tree.has(dir)) tree.set(dir, { kind: 'directory', path: dir, mode: 0o755 });
  }
}
