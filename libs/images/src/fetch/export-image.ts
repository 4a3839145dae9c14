import { copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf } from '#host';
import { ImageError } from '../image-error.ts';
import { imageFileNames, imageFiles, manifestFileName } from '../manifest.ts';
import { openImage, verifyImage } from '../store.ts';

export type ExportedImage = { readonly digest: string; readonly dir: string; readonly files: readonly string[] };

/** Copies an image of the cache into a directory `to/<digest>`, after every byte of it was read: what `dir:`, a bucket or an
 *  IPFS folder has of it. All or nothing; an image that is there already stays. Refuses with `image-not-found`,
 *  `image-corrupt`, or `disk-full`. */
export async function exportImage(
  digest: string,
  { cacheDir, to, signal }: { readonly cacheDir: string; readonly to: string; readonly signal?: AbortSignal },
): Promise<ExportedImage> {
  const image = await openImage(cacheDir, digest);
  await verifyImage(image.dir, signal);
  const dir = join(to, digest);
  const files = [manifestFileName, ...imageFiles(image.manifest).map(({ role }) => imageFileNames[role])];
  const present: readonly string[] = await readdir(dir).catch(() => []);
  if (files.every((name) => present.includes(name))) {
    await verifyImage(dir, signal);
    return { digest, dir, files };
  }
  await mkdir(dirname(dir), { recursive: true });
  const part = await mkdtemp(`${dir}.`);
  try {
    for (const name of files) {
      signal?.throwIfAborted();
      await copyFile(join(image.dir, name), join(part, name));
    }
    await rename(part, dir);
    return { digest, dir, files };
  } catch (error) {
    if (errnoOf(error) !== 'ENOSPC') throw error;
    throw new ImageError('disk-full', `the disk of ${to} is full; free some space and try again`, { to });
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}
