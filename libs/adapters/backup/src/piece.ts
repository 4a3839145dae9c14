import { createHash } from 'node:crypto';
import { BackupStoreError } from '#events';
import { limits } from './limits.ts';

const name = /^[0-9a-f]{64}$/;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a text is the name of a piece. */
export const isPieceName = (text: string): boolean => name.test(text);

/** Refuses what could be another path than that of a piece. */
export const demandName = (sha256: string): void => {
  if (!isPieceName(sha256)) throw malformed(`a piece is named by 64 hex digits, and not "${sha256.slice(0, 80)}"`);
};

/** Refuses what could be another folder than that of a VM. */
export const demandVmId = (vmId: string): void => {
  if (!uuid.test(vmId)) throw malformed(`"${vmId.slice(0, 80)}" is not the id of a VM`);
};

/** Refuses bytes under a name that is not theirs, before they are stored. */
export const demandBytes = (sha256: string, bytes: Uint8Array): void => {
  demandName(sha256);
  if (bytes.length > limits.chunkBytesMax) {
    throw malformed(`piece ${sha256} has ${bytes.length} bytes, wanted at most ${limits.chunkBytesMax}`);
  }
  if (digestOf(bytes) !== sha256) throw malformed(`these ${bytes.length} bytes are not those of piece ${sha256}`);
};

/** What was read under a name, if it is what was stored under it. */
export const verified = (store: string, sha256: string, bytes: Uint8Array): Uint8Array => {
  const observed = digestOf(bytes);
  if (observed === sha256) return bytes;
  throw new BackupStoreError(
    'chunk-damaged',
    `${store} has other bytes under ${sha256} (${bytes.length} of them, SHA-256 ${observed}); put back that piece, or restore another backup`,
  );
};

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const malformed = (message: string): BackupStoreError => new BackupStoreError('chunk-malformed', message);

/** The refusal of a piece that is not there. */
export const absent = (store: string, sha256: string): BackupStoreError =>
  new BackupStoreError('chunk-absent', `${store} has no piece ${sha256}; restore another backup, or check the store`);

/** The refusal of a store that could not do it now. */
export const unavailable = (store: string, what: string, cause: unknown): BackupStoreError => {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new BackupStoreError('backup-store-unavailable', `${store}: ${what}: ${why}`, { cause });
};
