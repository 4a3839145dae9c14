import { z } from 'zod';
import { lengthPrefixed } from '#attestation';
import { base64, sha256Hex } from './fields.ts';
import type { SealingTerms } from './guest-key.ts';
import { cipherSuite } from './hpke/suite.ts';
import { limits, volumeKeyBytes } from './limits.ts';
import { SealingError } from './sealing-error.ts';
import { hybridSuite } from './suites.ts';
import type { VaultAnnouncement } from './vault-announcement.ts';
import type { VaultSealingKey } from './vault-key.ts';

const tagBytes = 16;

/** The key of a private image on its way to a vault, as it is sent. */
export const sealedImageKey = z.strictObject({
  suite: z.string().max(limits.suiteCharsMax).describe(`How it is sealed (HPKE, RFC 9180): ${hybridSuite}`),
  keySha256: sha256Hex.describe("SHA-256 of the vault's public key that it is sealed to"),
  enc: base64(1, limits.encBytesMax).describe("HPKE's encapsulated key as base64: 1120 bytes"),
  ciphertext: base64(tagBytes, limits.sealedKeyBytesMax + tagBytes).describe(
    'The 64 bytes of the key, sealed, as base64: 80 bytes; associated data and info are in ADR-0048',
  ),
});
export type SealedImageKey = z.infer<typeof sealedImageKey>;

/** Which image's key it is, and whose: under another of either it does not open. */
export type ImageKeyTerms = { readonly imageDigest: string; readonly accountId: string };

/**
 * Seals the key of a private image (64 bytes; the caller wipes it) to the vault that announced itself. Throws SealingError:
 * `sealed-length` for a key of another length, `vault-key-malformed` for an announced key that is none.
 */
export const sealImageKey = async (
  key: Uint8Array,
  vault: VaultAnnouncement,
  terms: ImageKeyTerms,
): Promise<SealedImageKey> => {
  wantLength(key.length);
  const { suite, keySha256, publicKey } = vault;
  try {
    const hpke = cipherSuite(suite);
    const to = await hpke.DeserializePublicKey(publicKey);
    const sealed = await hpke.Seal(to, key, termsOf(vault, terms));
    return {
      ...{ suite, keySha256 },
      enc: Buffer.from(sealed.encapsulatedSecret).toString('base64'),
      ciphertext: Buffer.from(sealed.ciphertext).toString('base64'),
    };
  } catch {
    throw new SealingError('vault-key-malformed', `the vault's key ${keySha256} is no public key of ${suite}`);
  }
};

/**
 * The key that {@link sealImageKey} sealed to this vault for this image and account; the caller wipes it. Throws
 * SealingError: `suite-unknown`, `sealed-to-other`, `sealed-length`, `sealed-unopened`.
 */
export const openImageKey = async (
  { suite, keySha256, enc, ciphertext }: SealedImageKey,
  key: VaultSealingKey,
  { networkId, ...terms }: ImageKeyTerms & { readonly networkId: string },
): Promise<Uint8Array> => {
  if (suite !== key.suite) {
    throw new SealingError('suite-unknown', `the key is sealed in the suite ${suite}, the vault opens ${key.suite}`);
  }
  if (keySha256 !== key.sha256) {
    throw new SealingError('sealed-to-other', `the key is sealed to the key ${keySha256}, the vault has ${key.sha256}`);
  }
  const sealed = { enc: Buffer.from(enc, 'base64'), ciphertext: Buffer.from(ciphertext, 'base64') };
  wantLength(sealed.ciphertext.length - tagBytes);
  try {
    return await key.open(sealed, termsOf({ networkId, suite: key.suite, keySha256 }, terms));
  } catch {
    // Which of its bytes or terms was another, HPKE does not tell.
    throw new SealingError(
      'sealed-unopened',
      `it was not sealed as the key of image ${terms.imageDigest.slice(0, 16)} of account ${terms.accountId}, or changed on its way`,
    );
  }
};

/** Both ends derive this from what they know. */
const termsOf = (
  { networkId, suite, keySha256 }: Pick<VaultAnnouncement, 'networkId' | 'suite' | 'keySha256'>,
  { imageDigest, accountId }: ImageKeyTerms,
): SealingTerms => ({
  info: lengthPrefixed('hcc-vault-sealing-v1', networkId, suite),
  aad: lengthPrefixed('hcc-image-key-v1', suite, networkId, keySha256, imageDigest, accountId),
});

const wantLength = (bytes: number): void => {
  if (bytes === volumeKeyBytes) return;
  throw new SealingError('sealed-length', `the key of an image has ${bytes} bytes, wanted ${volumeKeyBytes}`);
};
