import type { ImageDigest } from '#domain';

/** The files of an image, ready to boot. Absolute paths; never written again. */
export type BootImage = {
  readonly kernelPath: string;
  readonly initrdPath: string;
  readonly rootfsPath: string;
  readonly cmdline: string;
};

/** The images this host has. */
export type ImageCache = {
  /** The image after a cheap look. Rejects with a code and a sentence when it is missing or is not what its digest says. */
  open(digest: ImageDigest): Promise<BootImage>;
  /** The same after reading every byte: before a disk is made on top of it. */
  verify(digest: ImageDigest): Promise<BootImage>;
};
