import type { KeyObject } from 'node:crypto';
import { Refusal } from '#domain';
import { DoorProblem, type ProblemCode } from '#edge';
import { imageKeyHolder, type KeyVault, sealingKeyHolder, VaultError, type VaultKey } from '#events';
import {
  type ImageKeyTerms,
  openImageKey,
  type SealedImageKey,
  SealingError,
  type SealingErrorCode,
  signVaultAnnouncement,
  type VaultSealingKey,
  vaultSealingKey,
  wipe,
} from '#sealing';

/** How keys of private images come into the vault. It takes keys in, and gives none out. */
export type HandOver = {
  /** Which key the vault has, signed by the network over the asker's nonce (32 bytes). Refuses with `vault-key-unusable`. */
  announce(nonce: Uint8Array): Promise<string>;
  /**
   * Opens a key that was sealed to the vault, for this image and account, and keeps it; the same one again is the first. Refuses
   * with `image-key-suite-unknown`, `image-key-sealed-to-other`, `image-key-length`, `image-key-unopened`, `image-key-other`,
   * `image-key-destroyed` and `vault-key-unusable`.
   */
  keep(sealed: SealedImageKey, of: ImageKeyTerms): Promise<VaultKey>;
};

export type HandOverParts = {
  readonly vault: Pick<KeyVault, 'create' | 'keep' | 'withKey'>;
  readonly networkId: string;
  /** Ed25519, private. */
  readonly networkKey: KeyObject;
};

/** The vault's key is read each time it is used: whichever replica made it, and whenever it was made anew, all of them agree. */
export const createHandOver = ({ vault, networkId, networkKey }: HandOverParts): HandOver => {
  const withSealingKey = <Result>(use: (key: VaultSealingKey) => Promise<Result>): Promise<Result> =>
    vault.withKey(sealingKeyHolder, async (secret) => use(await vaultSealingKey(secret, networkId)));

  return {
    announce: (nonce) =>
      usable(async () => {
        const sign = async (key: VaultSealingKey) => signVaultAnnouncement({ networkId, nonce, key }, networkKey);
        try {
          return await withSealingKey(sign);
        } catch (error) {
          if (!isVaultError(error, 'key-absent')) throw error;
        }
        await vault.create(sealingKeyHolder);
        return withSealingKey(sign);
      }),
    keep: async (sealed, { imageDigest, accountId }) => {
      const terms = { networkId, imageDigest, accountId };
      const key = await usable(() => withSealingKey((own) => opened(openImageKey(sealed, own, terms))));
      try {
        return await kept(vault.keep(imageKeyHolder(imageDigest, accountId), key));
      } finally {
        wipe(key);
      }
    },
  };
};

const opened = async (key: Promise<Uint8Array>): Promise<Uint8Array> => {
  try {
    return await key;
  } catch (error) {
    const code = error instanceof SealingError ? doorCodes[error.code] : undefined;
    throw code === undefined ? error : new DoorProblem(code, messageOf(error));
  }
};

const doorCodes: Partial<Readonly<Record<SealingErrorCode, ProblemCode>>> = {
  'suite-unknown': 'image-key-suite-unknown',
  'sealed-to-other': 'image-key-sealed-to-other',
  'sealed-length': 'image-key-length',
  'sealed-unopened': 'image-key-unopened',
};

/** What is wrong with the vault's own key is for the log, with its file: whoever hands a key over can do nothing about it. */
const usable = async <Result>(work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    if (error.code === 'key-absent') {
      throw new DoorProblem('image-key-sealed-to-other', 'the vault has no key that anything could be sealed to yet');
    }
    throw new DoorProblem(
      'vault-key-unusable',
      `the vault cannot use its own key (${error.code})`,
      {},
      { cause: error },
    );
  }
};

const kept = async (keeping: Promise<VaultKey>): Promise<VaultKey> => {
  try {
    return await keeping;
  } catch (error) {
    if (isVaultError(error, 'key-destroyed')) throw new Refusal('image-key-destroyed', messageOf(error));
    if (isVaultError(error, 'key-other')) throw new Refusal('image-key-other', messageOf(error));
    throw error;
  }
};

const isVaultError = (error: unknown, code: VaultError['code']): boolean =>
  error instanceof VaultError && error.code === code;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
