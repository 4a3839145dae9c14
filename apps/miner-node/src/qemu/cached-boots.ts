import { stat } from 'node:fs/promises';
import { isImageError, openGuestBootImage } from '#images';
import type { BootFiles, ImageCache } from '../ports/image-cache.ts';

/** The boot images of a cache directory, which other programs of this machine fill. One is read in full before it is
 *  used, and again once its files have changed. */
export const createCachedBoots = (cacheDir: string): ImageCache['openBoot'] => {
  /** By digest: what the files were when every byte of them had been read. */
  const verified = new Map<string, BootFiles & { readonly stamp: string }>();
  return async (digest) => {
    const known = verified.get(digest);
    if (known !== undefined && known.stamp === (await stampOf(known).catch(() => ''))) return known;
    try {
      const { kernelPath, initrdPath } = await openGuestBootImage(cacheDir, digest);
      const files = { kernelPath, initrdPath };
      verified.set(digest, { ...files, stamp: await stampOf(files) });
      return files;
    } catch (error) {
      throw isImageError(error, 'image-not-found') ? new BootImageMissing(digest, error.message) : error;
    }
  };
};

/** A sealed VM is to be started from what this host does not have. The message says where it is looked for, and how to get it. */
export class BootImageMissing extends Error {
  override readonly name = 'BootImageMissing';
  readonly code = 'boot-image-not-found';

  constructor(digest: string, reason: string) {
    super(`this VM starts from boot image ${digest.slice(0, 64)}: ${reason}`);
  }
}

const stampOf = async ({ kernelPath, initrdPath }: BootFiles): Promise<string> => {
  const found = await Promise.all([stat(kernelPath), stat(initrdPath)]);
  return found.flatMap(({ ino, size, mtimeMs, ctimeMs }) => [ino, size, mtimeMs, ctimeMs]).join(':');
};
