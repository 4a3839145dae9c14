import type { ImageDigest } from '#domain';

/** The files of an image, ready to boot. Absolute paths; never written again. */
export type BootImage = {
  readonly kernelPath: string;
  readonly initrdPath: string;
  readonly rootfsPath: string;
  readonly cmdline: string;
  /** The hash tree that a sealed VM checks every block of the file system with; `null` for an image that has none. */
  readonly treePath: string | null;
};

/** What a sealed VM starts with: the same kernel and first RAM disk for every VM of the network. */
export type BootFiles = { readonly kernelPath: string; readonly initrdPath: string };

/** The images, and the boot images of sealed VMs, that this host has. */
export type ImageCache = {
  /** The image after a cheap look. Rejects with a code and a sentence when it is missing or is not what its digest says. */
  open(digest: ImageDigest): Promise<BootImage>;
  /** The same after reading every byte: before a disk is made on top of it. */
  verify(digest: ImageDigest): Promise<BootImage>;
  /** What sealed VMs are started from, by the digest over both files; every byte was read since they last changed.
   *  Rejects with `boot-image-not-found` or `boot-image-corrupt`, and how to get it. */
  openBoot(digest: string): Promise<BootFiles>;
};
