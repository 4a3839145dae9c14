import { demandImageUse, fold, type ImageDigest, type ImageState, type Vm } from '#domain';
import { aggregates, type EventStore, imageKeyHolder, type KeyVault, readWholeStream, streamName } from '#events';

/** The private image that a VM's disk is filled from, and where the vault has its key. */
export type FillingImage = {
  readonly imageDigest: ImageDigest;
  readonly holder: string;
  readonly headerSha256: string;
  readonly keyVersion: number;
};

type Parts = { readonly store: EventStore; readonly vault: Pick<KeyVault, 'withKey'> };

/**
 * The private image of a VM whose disk is not made yet; null where the image is public, or the disk needs it no more. Asked of
 * the image's own stream at each release: refuses with `image-private`, `image-key-absent` and `image-key-destroyed` what its
 * owner did not allow, or allows no more.
 */
export const privateImageOf = async ({ store, vault }: Parts, vm: Vm): Promise<FillingImage | null> => {
  if (vm.volume === null || vm.volume.headerSha256 !== null) return null;
  const image = await imageNow(store, vm.imageDigest);
  const known = image?.private ?? null;
  if (image === null || known === null) return null;
  demandImageUse(image, vm.accountId);
  const holder = imageKeyHolder(image.digest, known.owner);
  const keyVersion = await vault.withKey(holder, async (_, of) => of.keyVersion);
  return { imageDigest: image.digest, holder, headerSha256: known.headerSha256, keyVersion };
};

type LentKeys = { readonly volumeKey: Uint8Array; readonly imageKey?: Uint8Array };
type PinnedImage = { readonly imageHeaderSha256?: string };

/** Lends the key of a VM, and with it that of the private image it is filled from, to one use; both are overwritten after. */
export const withKeys = <Result>(
  vault: Pick<KeyVault, 'withKey'>,
  vmId: string,
  image: FillingImage | null,
  use: (keys: LentKeys, pinned: PinnedImage) => Promise<Result>,
): Promise<Result> =>
  vault.withKey(vmId, (volumeKey) =>
    image === null
      ? use({ volumeKey }, {})
      : vault.withKey(image.holder, (imageKey) =>
          use({ volumeKey, imageKey }, { imageHeaderSha256: image.headerSha256 }),
        ),
  );

const imageNow = async (store: EventStore, digest: ImageDigest): Promise<ImageState> => {
  const { decider, codec } = aggregates.image;
  return fold(decider, (await readWholeStream(store, streamName('image', digest))).map(codec.decode));
};
