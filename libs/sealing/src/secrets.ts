import { z } from 'zod';
import { authorizedKeys, base64, count, firstIssue, hostname } from './fields.ts';
import { limits, volumeKeyBytes } from './limits.ts';
import { SealingError } from './sealing-error.ts';

/** What a release tells its guest and nobody else. */
export type ReleaseSecrets = {
  /** 64 bytes: the passphrase of the volume's keyslot. Whoever holds it wipes it. */
  readonly volumeKey: Uint8Array;
  /** 64 bytes: the passphrase of the private image that the volume is filled from; none of a public one. Wiped too. */
  readonly imageKey?: Uint8Array | undefined;
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
  imageKey: base64(volumeKeyBytes, volumeKeyBytes).optional(),
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
  const { volumeKey, imageKey, ...others } = secrets;
  const image = imageKey === undefined ? {} : { imageKey: base64Of(imageKey) };
  const checked = plaintext.safeParse({ ...others, ...image, volumeKey: base64Of(volumeKey) });
  if (!checked.success) throw malformed(firstIssue(checked.error));
  return Buffer.from(JSON.stringify(checked.data));
};

/** What {@link encodeSecrets} was given; its keys are copies of their own. Throws SealingError `release-malformed`. */
export const decodeSecrets = (bytes: Uint8Array): ReleaseSecrets => {
  const checked = plaintext.safeParse(jsonOf(bytes));
  if (!checked.success) throw malformed(firstIssue(checked.error));
  const { volumeKey, imageKey, ...others } = checked.data;
  const image = imageKey === undefined ? {} : { imageKey: bytesOf(imageKey) };
  return { ...others, ...image, volumeKey: bytesOf(volumeKey) };
};

const base64Of = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64');

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

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
