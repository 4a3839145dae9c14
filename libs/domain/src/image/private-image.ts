import { Refusal } from '../errors.ts';
import { retireReasonLengthMax } from '../flavor/limits.ts';
import type { AccountId } from '../values/ids.ts';
import { assertText } from '../values/names.ts';
import type { ImageEvent, ImageState } from './image.ts';

// These names and fields are the stored format of `image-<digest>`. They change only with a new version and an upcaster.

/** What happens to an image whose root file system only its owner's key opens. */
export type PrivateImageEvent =
  /** Of whoever registered it, for good. `headerSha256`: of the LUKS2 header that guests must find in it. */
  | { readonly type: 'ImageMadePrivate'; readonly owner: AccountId; readonly headerSha256: string }
  /** The vault has its key. */
  | { readonly type: 'ImageKeyKept'; readonly keyVersion: number }
  /** Its key goes to no guest any more, and shall be destroyed. */
  | { readonly type: 'ImageKeyWithdrawn'; readonly reason: string }
  | { readonly type: 'ImageKeyDestroyed'; readonly keyVersion: number };

export type PrivateImageCommand =
  | { readonly type: 'RecordImageKeyKept'; readonly keyVersion: number }
  | { readonly type: 'WithdrawImageKey'; readonly reason: string }
  | { readonly type: 'RecordImageKeyDestroyed'; readonly keyVersion: number };

/** Where the key of a private image is: nobody gave it yet, in the vault, on its way out of it, gone for good. */
export type ImageKeyState = 'absent' | 'kept' | 'withdrawn' | 'destroyed';

export type PrivateImage = {
  readonly owner: AccountId;
  readonly headerSha256: string;
  readonly key: ImageKeyState;
};

/** Says that an image is private. A null: it is public. */
export type PrivacyWanted = Pick<PrivateImage, 'owner' | 'headerSha256'> | null;

/** Refuses whoever may not have a VM of an image: with `image-private` an account it does not belong to, with
 *  `image-key-absent` and `image-key-destroyed` its own owner, as long as no guest could open it. A public one is anybody's. */
export const demandImageUse = (state: ImageState, accountId: AccountId): void => {
  const known = state?.private ?? null;
  if (state === null || known === null) return;
  demandOwner(state, accountId);
  if (known.key === 'kept') return;
  const named = `private image ${state.manifest.name} ${state.digest.slice(0, 16)}`;
  if (known.key === 'absent') {
    throw new Refusal(
      'image-key-absent',
      `the vault has no key of the ${named}; hand it over: hcc image key put ${state.digest.slice(0, 16)} --key-file FILE`,
    );
  }
  throw new Refusal(
    'image-key-destroyed',
    `the key of the ${named} was withdrawn, for good; encrypt it anew and import that`,
  );
};

/** Refuses whoever is not the owner of a private image (`image-private`), and an image that is public (`image-not-private`). */
export const demandOwner = (state: NonNullable<ImageState>, accountId: AccountId | null): PrivateImage => {
  const named = `image ${state.manifest.name} ${state.digest.slice(0, 16)}`;
  if (state.private === null) throw new Refusal('image-not-private', `${named} is public: it has no owner and no key`);
  if (state.private.owner === accountId) return state.private;
  throw new Refusal('image-private', `${named} is private, and belongs to another account`);
};

/** What becomes of a private image by a command about its key. */
export const decideImageKey = (state: ImageState, command: PrivateImageCommand): readonly ImageEvent[] => {
  if (state === null) throw new Refusal('image-not-found', 'there is no such image; `hcc image ls` lists yours');
  const { key, owner } = demandOwner(state, state.private?.owner ?? null);
  switch (command.type) {
    case 'RecordImageKeyKept': {
      if (key === 'kept') return [];
      // A destroyed key never comes back: the vault says so too, and whoever wants it again encrypts anew.
      if (key !== 'absent') demandImageUse(state, owner);
      return [{ type: 'ImageKeyKept', keyVersion: command.keyVersion }];
    }
    case 'WithdrawImageKey':
      if (key === 'withdrawn' || key === 'destroyed') return [];
      assertText('reason of a withdrawal', command.reason, 1, retireReasonLengthMax);
      return [{ type: 'ImageKeyWithdrawn', reason: command.reason }];
    case 'RecordImageKeyDestroyed':
      return key === 'withdrawn' ? [{ type: 'ImageKeyDestroyed', keyVersion: command.keyVersion }] : [];
  }
};

/** A private image after one more event; a public one stays public. */
export const evolvePrivate = (known: PrivateImage | null, event: ImageEvent): PrivateImage | null => {
  switch (event.type) {
    case 'ImageMadePrivate':
      return known ?? { owner: event.owner, headerSha256: event.headerSha256, key: 'absent' };
    case 'ImageKeyKept':
      return known === null ? null : { ...known, key: 'kept' };
    case 'ImageRetired':
    case 'ImageKeyWithdrawn':
      return known === null || known.key === 'destroyed' ? known : { ...known, key: 'withdrawn' };
    case 'ImageKeyDestroyed':
      return known === null ? null : { ...known, key: 'destroyed' };
    case 'ImageRegistered':
      return known;
  }
};
