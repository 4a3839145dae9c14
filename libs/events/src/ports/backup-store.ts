/**
 * Where copies of volumes are kept: ciphertext, and lists of it. Whoever keeps it needs no trust: what is read is held
 * against its digest, and nobody but the VM's guest has the key. Every method rejects with {@link BackupStoreError} alone.
 */
export type BackupStore = {
  /** As it was configured, for whoever reads an error or a log. No secret is in it. */
  readonly name: string;
  /** What belongs to one VM. No two VMs share a piece, so that one of them can go alone. */
  chunksOf(vmId: string): VmChunks;
};

/** The pieces of one VM's backups, each named by the SHA-256 of its bytes, in hex. */
export type VmChunks = {
  has(sha256: string): Promise<boolean>;
  /** Durable when it resolves, and there whole or not at all. Refuses bytes that are not those of that name. */
  put(sha256: string, bytes: Uint8Array): Promise<void>;
  /** The bytes of that name. Rejects with `chunk-absent`, and with `chunk-damaged` where others are in their place. */
  get(sha256: string): Promise<Uint8Array>;
  /** Every name that is there, in no order. */
  list(): AsyncIterable<string>;
  /** What is not there is removed already. */
  remove(sha256: string): Promise<void>;
};

export type BackupStoreErrorCode =
  | 'chunk-absent'
  /** What is stored is not what was stored. */
  | 'chunk-damaged'
  | 'chunk-malformed'
  /** The store cannot be read or written now; it may be the next time. */
  | 'backup-store-unavailable';

/** A store of backups said no, or could not answer. The message names the store, what was asked for, and the fix. */
export class BackupStoreError extends Error {
  override readonly name = 'BackupStoreError';
  readonly code: BackupStoreErrorCode;

  constructor(code: BackupStoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
