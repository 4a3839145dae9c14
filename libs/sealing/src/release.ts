import type { KeyObject } from 'node:crypto';
import { lengthPrefixed, reportTranscript } from '#attestation';
import { type GuestKey, guestKeySha256, type SealedBytes, type SealingTerms } from './guest-key.ts';
import { cipherSuite } from './hpke/suite.ts';
import type { MessageOf } from './messages.ts';
import { openNetworkMessage, signNetworkMessage } from './network-message.ts';
import { SealingError } from './sealing-error.ts';
import { decodeSecrets, encodeSecrets, type ReleaseSecrets } from './secrets.ts';
import { isClassicalSuite, publicKeyBytes, type SealingSuite, suiteOf } from './suites.ts';
import { wipe } from './wipe.ts';

/** The boot that a release is for. */
export type ReleaseBoot = {
  readonly networkId: string;
  readonly vmId: string;
  readonly generation: number;
  readonly bootId: string;
  /** The challenge this boot answered, base64: the nonce in its report. */
  readonly nonce: string;
};

/** What a release says in the open, under the network's signature. */
export type ReleaseTerms = Pick<
  MessageOf<'release'>,
  'mode' | 'headerSha256' | 'minCounter' | 'counter' | 'imageHeaderSha256'
>;

export type SealReleaseOptions = {
  readonly boot: ReleaseBoot;
  readonly terms: ReleaseTerms;
  readonly secrets: ReleaseSecrets;
  /** The guest's public key, out of evidence that was appraised. */
  readonly guestKey: Uint8Array;
  readonly suite: string;
  /** What the policy says of suites without a post-quantum part. */
  readonly allowClassical: boolean;
  /** Ed25519, private. */
  readonly networkKey: KeyObject;
};

/**
 * A volume key and what else only this guest may know, sealed (HPKE) to the key in its report under the report's own
 * transcript, and signed by the network: the text that its miner passes on. The caller wipes the secrets it gave.
 * Throws SealingError and nothing else.
 */
export const sealRelease = async (options: SealReleaseOptions): Promise<string> => {
  const { boot, terms, guestKey, networkKey } = options;
  const suite = allowedSuite(options.suite, options.allowClassical);
  if (guestKey.length !== publicKeyBytes(suite)) throw badGuestKey(guestKey, suite);
  const header: ReleaseHeader = {
    ...{ version: 1, purpose: 'release', suite, guestKeySha256: guestKeySha256(guestKey) },
    ...named(boot),
    ...termsIn(terms),
  };
  demandImageKey(terms, options.secrets);
  const plaintext = encodeSecrets(options.secrets);
  try {
    const { enc, ciphertext } = await sealTo(guestKey, suite, plaintext, termsOf(header, guestKey));
    return signNetworkMessage({ ...header, enc: base64(enc), ciphertext: base64(ciphertext) }, networkKey);
  } finally {
    wipe(plaintext);
  }
};

/** What a guest was released: the open terms, and secrets it has to wipe. */
export type Release = ReleaseTerms & { readonly secrets: ReleaseSecrets };

export type OpenReleaseOptions = {
  readonly text: string;
  /** The network's key this guest was measured with: Ed25519, 32 bytes. */
  readonly networkKey: Uint8Array;
  readonly guestKey: GuestKey;
  readonly boot: ReleaseBoot;
};

/** Opens what {@link sealRelease} made, for the one guest and boot it was made for. Throws SealingError and nothing else. */
export const openRelease = async ({ text, networkKey, guestKey, boot }: OpenReleaseOptions): Promise<Release> => {
  const message = openNetworkMessage(text, networkKey, {
    ...named(boot),
    purpose: 'release',
    guestKeySha256: guestKey.sha256,
  });
  if (message.suite !== guestKey.suite) {
    throw new SealingError(
      'message-other',
      `the message is for another suite: ${message.suite}, wanted ${guestKey.suite}`,
    );
  }
  const { enc, ciphertext, ...header } = message;
  const plaintext = await opened(guestKey, { enc: bytes(enc), ciphertext: bytes(ciphertext) }, header);
  try {
    const release = { ...termsIn(header), secrets: decodeSecrets(plaintext) };
    demandImageKey(release, release.secrets);
    return release;
  } finally {
    wipe(plaintext);
  }
};

type ReleaseHeader = Omit<MessageOf<'release'>, 'enc' | 'ciphertext'>;

/** An image that is public says nothing of itself, so that guests of before there were private ones read what is sealed for them. */
const termsIn = ({ mode, headerSha256, minCounter, counter, imageHeaderSha256 }: ReleaseTerms): ReleaseTerms => ({
  ...{ mode, headerSha256, minCounter },
  ...(counter === undefined ? {} : { counter }),
  ...(imageHeaderSha256 === undefined ? {} : { imageHeaderSha256 }),
});

/** A key without the header it is for, or a header without its key, is a mistake of whoever sealed it. */
const demandImageKey = ({ imageHeaderSha256 }: ReleaseTerms, { imageKey }: ReleaseSecrets): void => {
  if ((imageHeaderSha256 === undefined) === (imageKey === undefined)) return;
  const observed = imageKey === undefined ? 'a header and no key' : 'a key and no header';
  throw new SealingError('release-malformed', `the release has ${observed} of a private image, wanted both or none`);
};

/** Both ends derive this from what they know; a release for another boot, key or set of terms does not open. */
const termsOf = (header: ReleaseHeader, publicKey: Uint8Array): SealingTerms => ({
  info: reportTranscript({
    networkId: header.networkId,
    purpose: 'vm-key',
    nonce: bytes(header.nonce),
    attesterId: header.vmId,
    generation: header.generation,
    bootId: header.bootId,
    binding: publicKey,
    suite: header.suite,
  }),
  aad: lengthPrefixed(
    ...['hcc-release-v1', header.suite, header.networkId, header.vmId, String(header.generation), header.bootId],
    ...[header.nonce, header.guestKeySha256, header.mode, header.headerSha256 ?? '', String(header.minCounter)],
    ...(header.imageHeaderSha256 === undefined ? [] : [header.imageHeaderSha256]),
    ...(header.counter === undefined ? [] : ['counter', String(header.counter)]),
  ),
});

const named = ({ networkId, vmId, generation, bootId, nonce }: ReleaseBoot): ReleaseBoot => ({
  ...{ networkId, vmId, generation, bootId, nonce },
});

const allowedSuite = (name: string, allowClassical: boolean): SealingSuite => {
  const suite = suiteOf(name);
  if (!isClassicalSuite(suite) || allowClassical) return suite;
  throw new SealingError(
    'suite-classical',
    `the guest offers ${suite}, which has no post-quantum part; start it with a newer boot image, or allow classical suites in the policy guest-boot`,
  );
};

const sealTo = async (
  publicKey: Uint8Array,
  suite: SealingSuite,
  plaintext: Uint8Array,
  terms: SealingTerms,
): Promise<SealedBytes> => {
  try {
    const hpke = cipherSuite(suite);
    const key = await hpke.DeserializePublicKey(publicKey);
    const { encapsulatedSecret, ciphertext } = await hpke.Seal(key, plaintext, terms);
    return { enc: encapsulatedSecret, ciphertext };
  } catch {
    throw badGuestKey(publicKey, suite);
  }
};

const opened = async (key: GuestKey, sealed: SealedBytes, header: ReleaseHeader): Promise<Uint8Array> => {
  try {
    return await key.open(sealed, termsOf(header, key.publicKey));
  } catch {
    // Which step of opening it failed says nothing to an honest guest.
    throw new SealingError('release-unopened', 'the release was not sealed to the key of this guest under these terms');
  }
};

const badGuestKey = (key: Uint8Array, suite: SealingSuite): SealingError =>
  new SealingError(
    'guest-key-malformed',
    `the guest's key of ${key.length} bytes is no public key of ${suite}, which has ${publicKeyBytes(suite)}`,
  );

const bytes = (text: string): Uint8Array => Buffer.from(text, 'base64');
const base64 = (of: Uint8Array): string => Buffer.from(of).toString('base64');
