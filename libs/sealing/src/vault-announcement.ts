import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { base64, id } from './fields.ts';
import { guestKeySha256 } from './guest-key.ts';
import { limits } from './limits.ts';
import { SealingError } from './sealing-error.ts';
import { openText, type SignedKind, signText } from './signed-text.ts';
import { hybridSuite, publicKeyBytes, type SealingSuite } from './suites.ts';
import type { VaultSealingKey } from './vault-key.ts';

/** A label of its own beside the purpose: no guest takes one of these for a message, and nobody a message for one of these. */
const announced: SignedKind = {
  label: 'hcc-vault-announcement-v1',
  charsMax: limits.announcementCharsMax,
  knownKey: 'the key of this network',
};

const announcement = z.strictObject({
  version: z.literal(1),
  purpose: z.literal('image-key'),
  networkId: id,
  /** Of whoever asked: what was announced before a key was changed answers no later question. */
  nonce: base64(limits.announcementNonceBytes, limits.announcementNonceBytes),
  suite: z.string().max(limits.suiteCharsMax),
  publicKey: base64(1, limits.publicKeyBytesMax),
});

/** Which key a network's vault has, for whoever hands it one of theirs. */
export type VaultAnnouncement = {
  readonly networkId: string;
  readonly suite: SealingSuite;
  readonly publicKey: Uint8Array;
  readonly keySha256: string;
};

/** What the network says of its vault's key to whoever asked with this nonce (32 bytes), signed (Ed25519, private). */
export const signVaultAnnouncement = (
  { networkId, nonce, key }: { readonly networkId: string; readonly nonce: Uint8Array; readonly key: VaultSealingKey },
  networkKey: KeyObject,
): string => {
  const body: z.input<typeof announcement> = {
    ...{ version: 1, purpose: 'image-key', networkId, suite: key.suite },
    ...{ nonce: Buffer.from(nonce).toString('base64'), publicKey: Buffer.from(key.publicKey).toString('base64') },
  };
  return signText(announced, body, networkKey);
};

/**
 * The key that {@link signVaultAnnouncement} names, when the network (its raw Ed25519 key, 32 bytes) signed it for this
 * network and this nonce. Throws SealingError and nothing else.
 */
export const openVaultAnnouncement = (
  text: string,
  networkKey: Uint8Array,
  expected: { readonly networkId: string; readonly nonce: Uint8Array },
): VaultAnnouncement => {
  const { networkId, nonce, suite, publicKey } = openText(announced, text, networkKey, announcement);
  if (networkId !== expected.networkId) throw other('network', networkId, expected.networkId);
  const wanted = Buffer.from(expected.nonce).toString('base64');
  if (nonce !== wanted) throw other('question', nonce, wanted);
  if (suite !== hybridSuite) {
    throw new SealingError('suite-unknown', `the vault takes keys in the suite ${suite}, known here is ${hybridSuite}`);
  }
  const bytes = new Uint8Array(Buffer.from(publicKey, 'base64'));
  if (bytes.length === publicKeyBytes(suite)) {
    return { networkId, suite, publicKey: bytes, keySha256: guestKeySha256(bytes) };
  }
  throw new SealingError(
    'vault-key-malformed',
    `the vault's key has ${bytes.length} bytes, wanted ${publicKeyBytes(suite)} of ${suite}`,
  );
};

const other = (field: string, observed: string, wanted: string): SealingError =>
  new SealingError('message-other', `the announcement is for another ${field}: ${observed}, wanted ${wanted}`);
