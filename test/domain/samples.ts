import { generateKeyPairSync } from 'node:crypto';
import { type AccountId, type Branded, gibibyte, type MinerId, mebibyte, type Size, type VmId } from '#domain';

/** The n-th sample id. The one place of the domain's specs that brands a text. */
export const uuid = <Id extends Branded<string>>(n: number): Id =>
  `00000000-0000-4000-8000-${String(n).padStart(12, '0')}` as Id;

/** Noon of a day like any other. */
export const noon = Date.UTC(2026, 0, 31, 12);

export const vmId: VmId = uuid(1);
export const otherVmId: VmId = uuid(2);
export const accountId: AccountId = uuid(11);
export const otherAccountId: AccountId = uuid(14);
export const minerId: MinerId = uuid(21);
export const otherMinerId: MinerId = uuid(22);

/** What the `nano` flavour takes. */
export const nano: Size = { vcpus: 1, memoryBytes: 256 * mebibyte, diskBytes: gibibyte };

/** `n` times a size: what a host offers that has room for that many. */
export const times = (n: number, { vcpus, memoryBytes, diskBytes }: Size): Size => ({
  vcpus: n * vcpus,
  memoryBytes: n * memoryBytes,
  diskBytes: n * diskBytes,
});

export const sha256Of = (digit: string): string => digit.repeat(64);

/** A length-prefixed field of RFC 4251. */
export const sshField = (content: Uint8Array | string): Buffer => {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/** An authorized_keys line over these fields. */
export const sshLine = (type: string, fields: readonly (Uint8Array | string)[], comment = ''): string =>
  `${type} ${Buffer.concat(fields.map(sshField)).toString('base64')}${comment === '' ? '' : ` ${comment}`}`;

/** A new ssh-ed25519 key, as ssh-keygen writes it. */
export const newEd25519Line = (comment = 'alice@laptop'): string => {
  const { x } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  return sshLine('ssh-ed25519', ['ssh-ed25519', Buffer.from(x ?? '', 'base64url')], comment);
};

/** A new ssh-rsa key of this many bits, as its two numbers. */
export const newRsaNumbers = (bits: number): { readonly exponent: Buffer; readonly modulus: Buffer } => {
  const { n, e } = generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' });
  return { exponent: mpint(Buffer.from(e ?? '', 'base64url')), modulus: mpint(Buffer.from(n ?? '', 'base64url')) };
};

/** A positive integer in its shortest form. */
export const mpint = (magnitude: Buffer): Buffer =>
  (magnitude[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.from([0]), magnitude]) : magnitude;
