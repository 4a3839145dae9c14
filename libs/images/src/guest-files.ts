import { createHash } from 'node:crypto';
import { access, readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ImageError } from './image-error.ts';

/** A file of `libs/images/guest`, as it goes into the image. */
export type GuestFile = { readonly path: string; readonly bytes: Uint8Array };

export type GuestFiles = { readonly initramfs: readonly GuestFile[]; readonly rootfs: readonly GuestFile[] };

/** The files of the small image that Debian has too: one guest's half of the channel, whatever the system. */
const shared: readonly string[] = ['etc/hcc/guest-channel', 'etc/hcc/say', 'etc/acpi/PWRF/00000080'];

/** The guest's scripts and settings, read from the package's root: the compiler copies no shell files to dist. */
export async function readGuestFiles(): Promise<GuestFiles> {
  const dir = await guestDir();
  return { initramfs: await readTree(join(dir, 'initramfs')), rootfs: await readTree(join(dir, 'rootfs')) };
}

/** The scripts and settings of the Debian image; its first RAM disk is the small one's. */
export async function readDebianFiles(): Promise<GuestFiles> {
  const { initramfs, rootfs } = await readGuestFiles();
  const own = await readTree(join(await guestDir(), 'debian'));
  return { initramfs, rootfs: [...rootfs.filter(({ path }) => shared.includes(path)), ...own] };
}

/** The first program of a machine whose first RAM disk is measured. */
export async function readGuestInit(name: 'hccam' | 'guest-boot'): Promise<Uint8Array> {
  return readFile(join(await guestDir(), name, 'init'));
}

/** A hash over paths and contents: changes when any guest file does. */
export function guestFilesDigest(files: GuestFiles): string {
  const hash = createHash('sha256');
  for (const [part, list] of Object.entries(files)) {
    for (const file of list) {
      hash.update(`${part}/${file.path}\0${createHash('sha256').update(file.bytes).digest('hex')}\n`);
    }
  }
  return hash.digest('hex');
}

async function guestDir(): Promise<string> {
  const here = dirname(fileURLToPath(import.meta.url));
  for (let dir = here; dir !== dirname(dir); dir = dirname(dir)) {
    const candidate = join(dir, 'libs', 'images', 'guest');
    const found = await access(join(candidate, 'initramfs', 'init')).then(
      () => true,
      () => false,
    );
    if (found) return candidate;
  }
  throw new ImageError(
    'image-build-failed',
    `libs/images/guest is in no directory above ${here}; the installation is incomplete`,
  );
}

async function readTree(dir: string): Promise<readonly GuestFile[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)));
  return Promise.all(paths.sort().map(async (path) => ({ path, bytes: await readFile(join(dir, path)) })));
}
