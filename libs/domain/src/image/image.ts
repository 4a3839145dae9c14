import type { Decider } from '../decider.ts';
import { Refusal } from '../errors.ts';
import type { ImageDigest } from '../values/ids.ts';
import type { UnixMs } from '../values/time.ts';

// These names and fields are the stored format of `image-<digest>`. They change only with a new version and an upcaster.

/** One file of an image: what a host must find before it runs it. */
export type ImageFile = { readonly sha256: string; readonly bytes: number };

export type ImageManifest = {
  readonly manifestVersion: number;
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly kernel: ImageFile;
  readonly initrd: ImageFile;
  readonly rootfs: ImageFile;
  readonly cmdline: string;
  readonly sshUser: string;
  readonly minMemoryBytes: number;
  /** Where the bytes come from: distribution packages, sorted by name. */
  readonly packages: readonly ImagePackage[];
};

export type ImagePackage = { readonly name: string; readonly version: string; readonly sha256: string };

export type ImageEvent = {
  readonly type: 'ImageRegistered';
  readonly digest: ImageDigest;
  readonly manifest: ImageManifest;
};

/** The digest is the SHA-256 of the manifest's canonical JSON; the door computes and compares it. */
export type ImageCommand = {
  readonly type: 'RegisterImage';
  readonly now: UnixMs;
  readonly digest: ImageDigest;
  readonly manifest: ImageManifest;
};

export type ImageState = { readonly digest: ImageDigest; readonly manifest: ImageManifest } | null;

/** The rules of one `image-<digest>` stream: content-addressed, so a second registration can only repeat the first. */
export const image: Decider<ImageState, ImageCommand, ImageEvent> = {
  initial: null,
  decide: (state, { digest, manifest }) => {
    if (state === null) return [{ type: 'ImageRegistered', digest, manifest }];
    if (state.digest === digest) return [];
    throw new Refusal('image-exists-with-other-content', `image stream holds ${state.digest}, not ${digest}`);
  },
  evolve: (state, { digest, manifest }) => state ?? { digest, manifest },
};
