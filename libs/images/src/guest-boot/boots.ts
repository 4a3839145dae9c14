import { join } from 'node:path';
import { ImageError } from '../image-error.ts';
import { bootFileNames, readBootPair } from '../measured/boot-pair.ts';
import { type GuestBootManifest, guestBootDigest, guestBootManifest } from './guest-boot-manifest.ts';

/** What owners' VMs of a network are started from. The files are never written again once they are there. */
export type GuestBootImage = {
  /** 64 hex digits over kernel and first RAM disk. */
  readonly bootDigest: string;
  readonly dir: string;
  readonly kernelPath: string;
  readonly initrdPath: string;
  readonly manifest: GuestBootManifest;
};

/** Where the boot images of a cache are; each in a directory named by its digest. */
export function bootsDir(cacheDir: string): string {
  return join(cacheDir, 'boots');
}

/** A boot image of the cache by its digest, after every byte of it was read. Refuses with `image-not-found` one that is not
 *  there, damaged, or another one. */
export async function openGuestBootImage(cacheDir: string, bootDigest: string): Promise<GuestBootImage> {
  const dir = join(bootsDir(cacheDir), bootDigest);
  const isDigest = /^[0-9a-f]{64}$/.test(bootDigest);
  const manifest = isDigest ? await readBootPair(dir, (value) => guestBootManifest.parse(value)) : undefined;
  if (manifest === undefined || guestBootDigest(manifest) !== bootDigest) {
    throw new ImageError(
      'image-not-found',
      `no boot image ${bootDigest.slice(0, 16)} in ${dir}, or it is damaged; start the network's node again, it builds what is missing`,
      { bootDigest, dir },
    );
  }
  return {
    ...{ bootDigest, dir, manifest },
    kernelPath: join(dir, bootFileNames.kernel),
    initrdPath: join(dir, bootFileNames.initrd),
  };
}
