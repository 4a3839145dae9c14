import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { bootsDir, openGuestBootImage } from '../guest-boot/boots.ts';
import { hashFile } from '../hash-file.ts';
import { isImageError } from '../image-error.ts';
import { imageFileNames, imageFiles, manifestFileName } from '../manifest.ts';
import { bootFileNames } from '../measured/boot-pair.ts';
import { listImages, openImage, verifyImage } from '../store.ts';

/** An image or boot image of the cache, every byte of it read. Its manifest comes last: who finds it, finds all of it. */
export type Exportable = {
  readonly digest: string;
  readonly files: readonly {
    readonly name: string;
    readonly path: string;
    readonly sha256: string;
    readonly bytes: number;
  }[];
};

/** The digests of what a cache has to give: images, and the boot images of sealed VMs. */
export async function listExportable(cacheDir: string): Promise<readonly string[]> {
  const boots: readonly string[] = await readdir(bootsDir(cacheDir)).catch(() => []);
  const images = await listImages(cacheDir);
  return [...images.map(({ digest }) => digest), ...boots.filter((name) => /^[0-9a-f]{64}$/.test(name))];
}

/** Reads all of it before any of it goes anywhere. Refuses with `image-not-found` or `image-corrupt`. */
export async function openExportable(cacheDir: string, digest: string, signal?: AbortSignal): Promise<Exportable> {
  const image = await openImage(cacheDir, digest).catch((error: unknown) => {
    if (isImageError(error, 'image-not-found')) return undefined;
    throw error;
  });
  if (image === undefined) {
    const { dir } = await openGuestBootImage(cacheDir, digest);
    return exportable(digest, dir, [bootFileNames.kernel, bootFileNames.initrd, manifestFileName]);
  }
  await verifyImage(image.dir, signal);
  const names = imageFiles(image.manifest).map(({ role }) => imageFileNames[role]);
  return exportable(digest, image.dir, [...names, manifestFileName]);
}

async function exportable(digest: string, dir: string, names: readonly string[]): Promise<Exportable> {
  const files = names.map(async (name) => {
    const path = join(dir, name);
    return { name, path, ...(await hashFile(path)) };
  });
  return { digest, files: await Promise.all(files) };
}
