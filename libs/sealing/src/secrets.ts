import { z } from 'zod';
import { authorizedKeys, base64, count, firstIssue, hostname } from './fields.ts';
import { limits, volumeKeyBytes } from './limits.ts';
import { SealingError } from './sealing-error.ts';

/** What a release tells its guest and nobody else. */
export type ReleaseSecrets = {
  /** 64 bytes: the passphrase of the volume's keyslot. Whoever holds it wipes it. */
  readonly volumeKey: Uint8Array;
  readonly hostname: string;
  readonly authorizedKeys: readonly string[];
  /** Of those keys; an access message with a higher one replaces them. */
  readonly keysVersion: number;
  readonly network: {
    /** IPv4 with its prefix: `10.0.2.15/24`. */
    readonly address: string;
    readonly gateway: string;
    readonly dns: readonly string[];
  };
  /** Cost of the keyslot when it is made. */
  readonly argon2: { readonly memoryKib: number; readonly iterations: number; readonly parallelism: number };
};

const { argon2 } = limits;
const plaintext = z.strictObject({
  volumeKey: base64(volumeKeyBytes, volumeKeyBytes),
  hostname,
  authorizedKeys,
  keysVersion: count,
  network: z.strictObject({
    address: z.cidrv4(),
    gateway: z.ipv4(),
    dns: z.array(z.ipv4()).max(limits.dnsServersMax).readonly(),
  }),
  argon2: z.strictObject({
    memoryKib: z.int().min(argon2.memoryKibMin).max(argon2.memoryKibMax),
    iterations: z.int().min(argon2.iterationsMin).max(argon2.iterationsMax),
    parallelism: z.int().min(1).max(argon2.parallelismMax),
  }),
});

/** The plaintext of a release, to be wiped. Throws SealingError `release-malformed`, which names the field and not its value. */
export const encodeSecrets = (secrets: ReleaseSecrets): Uint8Array => {
  const { volumeKey, ...others } = secrets;
  const key = Buffer.from(volumeKey.buffer, volumeKey.byteOffset, volumeKey.byteLength);
  const checked = plaintext.safeParse({ ...others, volumeKey: key.toString('base64') });
  if (!checked.success) throw malformed(firstIssue(checked.error));
  return Buffer.from(JSON.stringify(checked.data));
};

/** What {@link encodeSecrets} was given; its key is a copy of its own. Throws SealingError `release-malformed`. */
export const decodeSecrets = (bytes: Uint8Array): ReleaseSecrets => {
  const checked = plaintext.safeParse(jsonOf(bytes));
  if (!checked.success) throw malformed(firstIssue(checked.error));
  const { volumeKey, ...others } = checked.data;
  return { ...others, volumeKey: new Uint8Array(Buffer.from(volumeKey, 'base64')) };
};

const jsonOf = (bytes: Uint8Array): unknown => {
  if (bytes.length > limits.plaintextBytesMax) throw malformed(`${bytes.length} bytes`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw malformed('no JSON');
  }
};

const malformed = (observed: string): SealingError =>
  new SealingError('release-malformed', `the secrets of a release are malformed: ${observed}`);
