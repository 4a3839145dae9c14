import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { bootsDir } from '../guest-boot/boots.ts';
import { guestBootDigest, guestBootManifest } from '../guest-boot/guest-boot-manifest.ts';
import { ImageError } from '../image-error.ts';
import { type ImageRole, imageFileNames, imageFiles, manifestFileName } from '../manifest.ts';
import { bootFileNames } from '../measured/boot-pair.ts';
import { openImage } from '../store.ts';

/** What others may ask for of an image, and of a boot image. */
export const imageFileRoles = ['manifest', 'packages', 'kernel', 'initrd', 'tree', 'rootfs'] as const;
export const bootFileRoles = ['manifest', 'kernel', 'initrd'] as const;

/** A file as it is given to others: never written again, and checked by whoever takes it. */
export type ServedFile = { readonly path: string; readonly bytes: number };

/** A file of an image of the cache, after a cheap look at the whole of it. Refuses with `image-not-found` also a file that
 *  this image does not have, and with `image-corrupt`. */
export async function servedImageFile(
  cacheDir: string,
  digest: string,
  role: ImageRole | 'manifest',
): Promise<ServedFile> {
  const image = await openImage(cacheDir, digest);
  if (role !== 'manifest' && !imageFiles(image.manifest).some((file) => file.role === role)) {
    throw new ImageError('image-not-found', `image ${digest.slice(0, 16)} has no file ${role}`, { digest, role });
  }
  return sized(join(image.dir, role === 'manifest' ? manifestFileName : imageFileNames[role]));
}

/** A file of a boot image of the cache, after a look at its manifest. Refuses with `image-not-found`. */
export async function servedBootFile(
  cacheDir: string,
  digest: string,
  role: (typeof bootFileRoles)[number],
): Promise<ServedFile> {
  const dir = join(bootsDir(cacheDir), digest);
  try {
    const manifest = guestBootManifest.parse(JSON.parse(await readFile(join(dir, manifestFileName), 'utf8')));
    if (guestBootDigest(manifest) === digest) {
      return await sized(join(dir, role === 'manifest' ? manifestFileName : bootFileNames[role]));
    }
  } catch {
    // Not there, or damaged: for whoever asks it is the same.
  }
  throw new ImageError('image-not-found', `no boot image ${digest.slice(0, 16)} here`, { digest });
}

async function sized(path: string): Promise<ServedFile> {
  return { path, bytes: (await stat(path)).size };
}
