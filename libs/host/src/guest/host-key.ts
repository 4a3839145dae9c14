import { createHash } from 'node:crypto';
import { limits } from '../limits.ts';

/** A guest's SSH host key as it said it. Unattested: nothing but the guest's word, relayed by its host. */
export type GuestHostKey = {
  /** `ssh-ed25519 AAAA...`, as in a known_hosts file after the host. */
  readonly publicKey: string;
  /** `SHA256:...`, as ssh and ssh-keygen show it. */
  readonly fingerprint: string;
};

/** Reads a host key by its content: an ed25519 key in SSH's wire form (RFC 8709), or undefined. */
export function parseHostKey(type: string, base64: string): GuestHostKey | undefined {
  if (type !== ed25519 || base64.length > limits.guestHostKeyBytesMax || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
    return undefined;
  }
  const blob = Buffer.from(base64, 'base64');
  const wanted = Buffer.concat([lengthOf(ed25519.length), Buffer.from(ed25519), lengthOf(32)]);
  // Written once more, the same bytes must give the same text: one key has one spelling.
  if (blob.length !== wanted.length + 32 || !blob.subarray(0, wanted.length).equals(wanted)) return undefined;
  if (blob.toString('base64') !== base64) return undefined;
  const digest = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '');
  return { publicKey: `${type} ${base64}`, fingerprint: `SHA256:${digest}` };
}

const ed25519 = 'ssh-ed25519';

function lengthOf(bytes: number): Buffer {
  const field = Buffer.alloc(4);
  field.writeUInt32BE(bytes);
  return field;
}
