import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '#host';
import { hashFile } from '../hash-file.ts';
import type { ImageFile } from '../manifest.ts';
import type { Tree } from '../tree.ts';

/** What a measured machine is started from, in a directory: kernel, first RAM disk, and what they are. */
export const bootFileNames = { kernel: 'vmlinuz', initrd: 'initrd.cpio', manifest: 'manifest.json' } as const;

/** The manifest of such a directory, or undefined where there is none, or where a file is not the one it names.
 *  Reads every byte: a digest that nobody expects would only be refused later. */
export async function readBootPair<M extends { readonly kernel: ImageFile; readonly initrd: ImageFile }>(
  dir: string,
  parse: (value: unknown) => M,
): Promise<M | undefined> {
  const manifest = await readFile(join(dir, bootFileNames.manifest), 'utf8').then(
    (text) => parse(JSON.parse(text)),
    absent,
  );
  if (manifest === undefined) return undefined;
  for (const role of ['kernel', 'initrd'] as const) {
    const observed = await hashFile(join(dir, bootFileNames[role])).catch(absent);
    if (observed?.sha256 !== manifest[role].sha256) return undefined;
  }
  return manifest;
}

/** What is in a tree, as far as it decides the bytes of an archive of it. Pure. */
export function treeDigests(tree: Tree): readonly (readonly [path: string, what: string])[] {
  return [...tree.values()].map((entry) => [entry.path, entry.kind === 'file' ? sha256(entry.bytes) : entry.kind]);
}

/** SHA-256 in 64 lower-case hex digits. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function absent(error: unknown): undefined {
  if (errnoOf(error) === 'ENOENT') return undefined;
  throw error;
}
