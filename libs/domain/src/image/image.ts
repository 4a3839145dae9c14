import type { Decider } from '../decider.ts';
import { Refusal } from '../errors.ts';
import { retireReasonLengthMax } from '../flavor/limits.ts';
import type { ImageDigest } from '../values/ids.ts';
import { assertText } from '../values/names.ts';
import { mebibyte } from '../values/size.ts';
import type { UnixMs } from '../values/time.ts';
import {
  decideImageKey,
  demandOwner,
  evolvePrivate,
  type PrivacyWanted,
  type PrivateImage,
  type PrivateImageCommand,
  type PrivateImageEvent,
} from './private-image.ts';

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
  /** Where the bytes come from: distribution packages, sorted by name. A large image has only their digest, in `inputs`. */
  readonly packages: readonly ImagePackage[];
  /** Both are there from manifest version 2 on. A manifest never changes: its digest is the image's name. */
  readonly os?: ImageOs | undefined;
  readonly inputs?: ImageInputs | undefined;
  /** The dm-verity tree over `rootfs`. VMs of an image with one have a disk that only their guest can read. */
  readonly verity?: ImageVerity | undefined;
};

/** Root hash and salt are lower-case hex; the root hash is in the measured command line, so the tree itself need not be trusted. */
export type ImageVerity = {
  readonly rootHash: string;
  readonly salt: string;
  readonly dataBlocks: number;
  readonly tree: ImageFile;
};

export type ImagePackage = { readonly name: string; readonly version: string; readonly sha256: string };

/** What /etc/os-release says, or what the importer said; `unknown` is a value and not a gap. */
export type ImageOs = { readonly id: string; readonly version: string };

/** What an image was made from. `packages`: the digest of the list of them, and how many; `import`: of the file that was given. */
export type ImageInputs = {
  readonly kind: 'packages' | 'import';
  readonly sha256: string;
  readonly count: number;
};

/** What an attested guest of the image will be held against. Nothing measures yet, and that is said and not left out. */
export type ImageMeasurements = { readonly launch: 'unmeasured'; readonly verityRoot: 'unmeasured' };

export const unmeasured: ImageMeasurements = { launch: 'unmeasured', verityRoot: 'unmeasured' };

/** Argon2id, the node agent in the first RAM disk and the copy of the base image, beside what the guest itself needs. */
const sealedMemoryMinBytes = 512 * mebibyte;

type Registered = {
  readonly digest: ImageDigest;
  readonly manifest: ImageManifest;
  readonly measurements: ImageMeasurements;
};

export type ImageEvent =
  | ({ readonly type: 'ImageRegistered' } & Registered)
  | { readonly type: 'ImageRetired'; readonly reason: string }
  | PrivateImageEvent;

/** The digest is the SHA-256 of the manifest's canonical JSON; the door computes and compares it. */
export type ImageCommand = { readonly now: UnixMs } & (
  | {
      readonly type: 'RegisterImage';
      readonly digest: ImageDigest;
      readonly manifest: ImageManifest;
      /** Whose it is, where its root file system is encrypted; without it anybody's. */
      readonly privacy?: PrivacyWanted;
    }
  | { readonly type: 'RetireImage'; readonly reason: string }
  | PrivateImageCommand
);

export type ImageState =
  | (Registered & { readonly retired: { readonly reason: string } | null; readonly private: PrivateImage | null })
  | null;

/**
 * The rules of one `image-<digest>` stream: content-addressed, so a second registration can only repeat the first. A
 * retired image is given to no new VM; VMs that have it boot from it as before.
 */
export const image: Decider<ImageState, ImageCommand, ImageEvent> = {
  initial: null,
  decide: (state, command) => {
    if (command.type === 'RegisterImage') return register(state, command);
    return command.type === 'RetireImage' ? retire(state, command) : decideImageKey(state, command);
  },
  evolve: (state, event) => {
    if (event.type === 'ImageRegistered') {
      const { digest, manifest, measurements } = event;
      return state ?? { digest, manifest, measurements, retired: null, private: null };
    }
    if (state === null) return null;
    const retired = event.type === 'ImageRetired' ? { reason: event.reason } : null;
    return { ...state, retired: state.retired ?? retired, private: evolvePrivate(state.private, event) };
  },
};

/** The manifest of an image that new VMs may have. Refuses one nobody registered, and one that is retired. */
export const offeredImage = (state: ImageState, digest: string): ImageManifest => {
  const manifest = registeredImage(state, digest);
  if (state === null || state.retired === null) return manifest;
  throw new Refusal(
    'image-retired',
    `image ${manifest.name} ${digest.slice(0, 16)} is given to no new VM (${state.retired.reason}); \`hcc image ls\` lists what is`,
    { digest },
  );
};

/** The manifest of an image, offered or retired. Refuses one nobody registered. */
export const registeredImage = (state: ImageState, digest: string): ImageManifest => {
  if (state !== null) return state.manifest;
  throw new Refusal('image-not-found', `image ${digest} is not registered; \`hcc image ls\` lists those that are`, {
    digest,
  });
};

type MemoryWish = { readonly minMemoryBytes: number; readonly verity?: unknown };

/** What a VM of an image needs at least. Making and opening a LUKS2 volume takes memory that a plain boot does not. */
export const memoryNeeded = ({ minMemoryBytes, verity }: MemoryWish): number =>
  verity === undefined ? minMemoryBytes : Math.max(minMemoryBytes, sealedMemoryMinBytes);

type Command<Type extends ImageCommand['type']> = Extract<ImageCommand, { type: Type }>;

const register = (
  state: ImageState,
  { digest, manifest, privacy = null }: Command<'RegisterImage'>,
): readonly ImageEvent[] => {
  if (privacy !== null) demandTree(manifest);
  if (state === null) {
    return [
      { type: 'ImageRegistered', digest, manifest, measurements: unmeasured },
      ...(privacy === null ? [] : [{ type: 'ImageMadePrivate', ...privacy } as const]),
    ];
  }
  // A private image is nobody else's to publish: said, and not passed over, so that whoever wants it public learns why it is not.
  if (privacy !== null || state.private !== null) demandOwner(state, privacy?.owner ?? null);
  // Also once it is retired: a bootstrap that comes again must not bring back what an operator took away.
  if (state.digest === digest) return [];
  throw new Refusal('image-exists-with-other-content', `image stream holds ${state.digest}, not ${digest}`);
};

/** Only a guest that attested opens a private image, and only an image with a tree has such guests. */
const demandTree = ({ name, verity }: ImageManifest): void => {
  if (verity !== undefined) return;
  throw new Refusal(
    'image-not-sealed',
    `image ${name} has no verity tree, so no guest could open it; import it with --sealed`,
  );
};

const retire = (state: ImageState, { reason }: Command<'RetireImage'>): readonly ImageEvent[] => {
  if (state === null)
    throw new Refusal('image-not-found', 'there is no such image; `hcc image ls` lists what there is');
  if (state.retired !== null) return [];
  assertText('reason of a retirement', reason, 1, retireReasonLengthMax);
  return [{ type: 'ImageRetired', reason }];
};
