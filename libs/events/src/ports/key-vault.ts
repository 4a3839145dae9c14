/**
 * Keys of volumes, one for each VM, of private images, one for each image of an account, and one of the vault's own: each is
 * named by its holder, a VM's id, what {@link imageKeyHolder} answers, or {@link sealingKeyHolder}. No caller ever holds one
 * longer than it uses it; no file, log, event or error has one in the clear. Every method rejects with {@link VaultError} and nothing else.
 */
export type KeyVault = {
  /**
   * Makes the holder's key, 64 random bytes, unless it has one; durable before it resolves. Refuses with `key-destroyed`: a VM
   * whose key was destroyed never has another one.
   */
  create(holder: string): Promise<VaultKey>;
  /**
   * Keeps a key of 64 bytes that its owner made; durable before it resolves, and the same one again is the first. The caller
   * overwrites what it gave. Refuses with `key-other` when there is another one, with `key-destroyed` when there was one, and
   * with `key-length`.
   */
  keep(holder: string, key: Uint8Array): Promise<VaultKey>;
  /** Hands the key to `use` and overwrites it after, whatever `use` did. Refuses with `key-absent` and `key-destroyed`. */
  withKey<Result>(holder: string, use: (key: Uint8Array, of: VaultKey) => Promise<Result>): Promise<Result>;
  /**
   * Destroys the holder's key: overwritten, removed, and a mark left that there was one; durable before it resolves. Resolves
   * to the destroyed one, again and again; `null` when there was never one, and then there never will be.
   */
  destroy(holder: string): Promise<VaultKey | null>;
  /** Which VMs and images have a key now. The vault's own is not among them: it ends with nobody. */
  holders(): Promise<readonly string[]>;
  status(): Promise<VaultStatus>;
  /**
   * Wraps every key anew under another key-encryption key, one by one. The keys themselves stay as they are, and so do the
   * disks. Stopped half way, it goes on where it was. While it runs both key-encryption keys are needed.
   */
  rotate(newKey: Uint8Array, onProgress?: (progress: VaultRotation) => void): Promise<VaultRotation>;
};

/** Which key a volume has. Versions begin at 1. */
export type VaultKey = { readonly keyVersion: number };

/** How far a rotation is: `done` of `total` keys are under the new key-encryption key. */
export type VaultRotation = { readonly done: number; readonly total: number };

/** What a vault holds. A key-encryption key is named by the first 16 hex digits of its SHA-256. */
export type VaultStatus = {
  /** All of them, the vault's own too. */
  readonly keys: number;
  /** Whether one of them is {@link sealingKeyHolder}'s: it is made when somebody first asks for it. */
  readonly hasSealingKey: boolean;
  readonly destroyed: number;
  /** Which key new keys are wrapped under. */
  readonly kekId: string;
  /** Keys by what they are wrapped under; more than one name while a rotation is half done. */
  readonly byKek: Readonly<Record<string, number>>;
  /** Names of key-encryption keys that keys are wrapped under and that were not given. */
  readonly missingKeks: readonly string[];
};

export type VaultErrorCode =
  /** The VM, or the image of that account, has no key here. */
  | 'key-absent'
  /** It had one, and that is gone for ever. */
  | 'key-destroyed'
  /** Its key is wrapped under a key-encryption key that was not given. */
  | 'kek-missing'
  /** A key-encryption key is not 32 bytes, or was not to be had. */
  | 'kek-unusable'
  /** What is stored is not what was stored: changed, cut, or of another VM or network. */
  | 'key-damaged'
  /** A key was given for whoever has another one. */
  | 'key-other'
  /** A key was given that is not 64 bytes. */
  | 'key-length'
  | 'vm-id-malformed'
  /** The vault cannot be read or written. */
  | 'vault-unavailable';

const vmHolder = /^[a-z0-9][a-z0-9-]{0,63}$/;
const imageHolder = /^image-([0-9a-f]{64})-([0-9a-f-]{36})$/;

/** Who holds the key of a private image: the image, of that account. Under another of either it does not open. */
export const imageKeyHolder = (imageDigest: string, accountId: string): string => `image-${imageDigest}-${accountId}`;

/**
 * Who holds what owners seal keys of their images to: the vault itself. No VM and no image is called so. What is lost with it
 * are keys that are on their way: nothing that is kept was sealed to it.
 */
export const sealingKeyHolder = 'vault_sealing';

/** Whether a text can name a holder: short, in lower case, and a plain file name. */
export const isKeyHolder = (text: string): boolean =>
  vmHolder.test(text) || imageHolder.test(text) || text === sealingKeyHolder;

/** A holder, for a person. */
export const holderText = (holder: string): string => {
  if (holder === sealingKeyHolder) return 'the vault itself';
  const [, digest, accountId] = imageHolder.exec(holder) ?? [];
  return digest === undefined ? `VM ${holder}` : `image ${digest.slice(0, 16)} of account ${accountId}`;
};

/** A vault said no, or could not answer. The message names the VM and the fix; it never holds a key. */
export class VaultError extends Error {
  override readonly name = 'VaultError';
  readonly code: VaultErrorCode;

  constructor(code: VaultErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
