import { Buffer } from 'node:buffer';
import { generateKeyPairSync } from 'node:crypto';

/** An Ed25519 key pair as SSH servers keep it: seed and public key, 32 bytes each. */
export type HostKeyPair = { readonly seed: Uint8Array; readonly publicKey: Uint8Array };

/** A new SSH host key, from the kernel's randomness. The caller wipes the seed. */
export const generateHostKey = (): HostKeyPair => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const [seed, raw] = [privateKey.export({ format: 'jwk' }).d, publicKey.export({ format: 'jwk' }).x];
  if (seed === undefined || raw === undefined) throw new Error('bug: an Ed25519 key without its parts');
  return { seed: Buffer.from(seed, 'base64url'), publicKey: Buffer.from(raw, 'base64url') };
};

/** `ssh-ed25519 AAAA…`, without a comment. Pure. */
export const publicKeyLine = ({ publicKey }: HostKeyPair): string =>
  `ssh-ed25519 ${Buffer.from(publicBlob(publicKey)).toString('base64')}`;

/** The private key as dropbear reads it. Pure. */
export const dropbearKey = ({ seed, publicKey }: HostKeyPair): Uint8Array =>
  Buffer.concat([string(keyType), string(Buffer.concat([seed, publicKey]))]);

/** The private key as OpenSSH reads it, without a passphrase. Pure. Source: OpenSSH's PROTOCOL.key. */
export const openSshKey = ({ seed, publicKey }: HostKeyPair): Uint8Array => {
  // Two equal numbers, by which a wrong passphrase would show; there is none.
  const check = Buffer.alloc(8);
  const pair = string(Buffer.concat([seed, publicKey]));
  const secret = Buffer.concat([check, publicBlob(publicKey), pair, string('')]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const whole = Buffer.concat([
    ...[Buffer.from('openssh-key-v1\0'), string('none'), string('none'), string(''), number(1)],
    ...[string(publicBlob(publicKey)), string(Buffer.concat([secret, padding]))],
  ]);
  const lines = whole.toString('base64').match(/.{1,70}/g) ?? [];
  return Buffer.from(
    ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n'),
  );
};

const keyType = 'ssh-ed25519';

const publicBlob = (publicKey: Uint8Array): Uint8Array => Buffer.concat([string(keyType), string(publicKey)]);

const string = (value: string | Uint8Array): Uint8Array => {
  const bytes = Buffer.from(value);
  return Buffer.concat([number(bytes.length), bytes]);
};

const number = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
