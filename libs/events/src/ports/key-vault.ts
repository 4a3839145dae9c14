/**
 * Keys of volumes, one for each VM, and nothing else. No caller ever holds one longer than it uses it; no file, log, event
 * or error has one in the clear. Every method rejects with {@link VaultError} and nothing else.
 */
export type KeyVault = {
  /**
   * Makes the VM's key, 64 random bytes, unless it has one; durable before it resolves. Refuses with `key-destroyed`: a VM
   * whose key was destroyed never has another one.
   */
  create(vmId: string): Promise<VaultKey>;
  /** Hands the key to `use` and overwrites it after, whatever `use` did. Refuses with `key-absent` and `key-destroyed`. */
  withKey<Result>(vmId: string, use: (key: Uint8Array, of: VaultKey) => Promise<Result>): Promise<Result>;
  /**
   * Destroys the VM's key: overwritten, removed, and a mark left that there was one; durable before it resolves. Resolves
   * to the destroyed one, again and again; `null` when there was never one, and then there never will be.
   */
  destroy(vmId: string): Promise<VaultKey | null>;
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
  readonly keys: number;
  readonly destroyed: number;
  /** Which key new keys are wrapped under. */
  readonly kekId: string;
  /** Keys by what they are wrapped under; more than one name while a rotation is half done. */
  readonly byKek: Readonly<Record<string, number>>;
  /** Names of key-encryption keys that keys are wrapped under and that were not given. */
  readonly missingKeks: readonly string[];
};

export type VaultErrorCode =
  /** The VM has no key here. */
  | 'key-absent'
  /** It had one, and that is gone for ever. */
  | 'key-destroyed'
  /** Its key is wrapped under a key-encryption key that was not given. */
  | 'kek-missing'
  /** A key-encryption key is not 32 bytes, or was not to be had. */
  | 'kek-unusable'
  /** What is stored is not what was stored: changed, cut, or of another VM or network. */
  | 'key-damaged'
  | 'vm-id-malformed'
  /** The vault cannot be read or written. */
  | 'vault-unavailable';

/** A vault said no, or could not answer. The message names the VM and the fix; it never holds a key. */
export class VaultError extends Error {
  override readonly name = 'VaultError';
  readonly code: VaultErrorCode;

  constructor(code: VaultErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
