import { createHash } from 'node:crypto';

/** As OpenSSH prints it: `SHA256:` and the unpadded base64 of the key blob's digest. Units: the blob's bytes. */
export const fingerprintOfBlob = (blob: Uint8Array): string =>
  `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;

/** The fingerprint of a key as events keep it: type and base64 blob. Total: what is no key has some fingerprint too. */
export const fingerprintOfKey = (publicKey: string): string =>
  fingerprintOfBlob(Buffer.from(publicKey.split(' ')[1] ?? '', 'base64'));
