import { type Image, openImage, verifyImage } from '#images';
import type { BootImage, ImageCache } from '../ports/image-cache.ts';
import { createCachedBoots } from './cached-boots.ts';

/** The images of a cache directory, which other programs of this machine fill. */
export const createCachedImages = (cacheDir: string): ImageCache => {
  /** Directories whose every byte was read in this life of the agent; the cache never writes an image again. */
  const verified = new Set<string>();
  return {
    openBoot: createCachedBoots(cacheDir),
    open: async (digest) => bootImage(await openImage(cacheDir, digest)),
    verify: async (digest) => {
      const image = await openImage(cacheDir, digest);
      if (!verified.has(image.dir)) await verifyImage(image.dir);
      verified.add(image.dir);
      return bootImage(image);
    },
  };
};

const bootImage = ({ kernelPath, initrdPath, rootfsPath, treePath, manifest }: Image): BootImage => ({
  kernelPath,
  initrdPath,
  rootfsPath,
  cmdline: manifest.cmdline,
  treePath,
});
